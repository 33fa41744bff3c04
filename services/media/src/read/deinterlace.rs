//! Makes whole pictures of fields.
use pipeline::media_info::FieldOrder;

use crate::av::graph::{Graph, picture_source};
use crate::av::{self, PictureFacts};
use crate::error::Result;

/// A deinterlacer for pictures like `facts`, one picture out for each one in; `None` for whole frames. Pictures that say that they are
/// whole pass, as where a film was cut into a broadcast.
pub(crate) fn deinterlacer(facts: PictureFacts, order: FieldOrder, base: av::Rational) -> Result<Option<Graph>> {
    let parity = match order {
        FieldOrder::Progressive => return Ok(None),
        FieldOrder::TopFirst => "tff",
        FieldOrder::BottomFirst => "bff",
    };
    let input = picture_source(facts, base.num, base.den);
    Graph::video(&format!("{input},bwdif=mode=send_frame:parity={parity}:deint=interlaced,buffersink@0")).map(Some)
}
