"""What schemathesis does not know of itself: a film's bytes go out as they are."""
import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
