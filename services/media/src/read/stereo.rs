//! Sound as the whole crate works with it: 48 kHz stereo in floats.
use crate::av::SoundFacts;
use crate::av::graph::Graph;
use crate::error::{Error, Result};

/// The sampling rate of all renditions, Hz.
pub(crate) const RATE: u32 = 48_000;

/// Stereo sound at 48 kHz.
pub(crate) type Stereo = Vec<[f32; 2]>;

/// Most channels of a sound that is folded down. No usual layout of loudspeakers has more.
pub(crate) const MAX_CHANNELS: u32 = 16;

/// Most channels of a sound that does not say where they are, and is taken for the usual layout of as many. Of more than 7.1 has there
/// are several; which of them libav takes for the usual one differs between its versions.
const MOST_UNPLACED: u32 = 8;

/// Whether sound like `facts` can be converted to stereo: the places of its speakers are known, and its rate is a usual one.
pub(crate) fn is_playable(facts: &SoundFacts) -> bool {
    (1..=MAX_CHANNELS).contains(&facts.channels) && (8000..=192_000).contains(&facts.rate) && stereo(facts).is_ok()
}

/// A graph from sound like `facts` to 48 kHz stereo. libav folds 5.1 with centre and surround at −3 dB, without the
/// low-frequency effects, as ITU-R BS.775 says; in floats nothing clips, and the loudness step sets the level. Its own resampler
/// folds 20 kHz of a 44.1 kHz source back at −25 dB, soxr nothing above −160 dB, in a little more time.
pub(crate) fn stereo(facts: &SoundFacts) -> Result<Graph> {
    let known = match (facts.layout.split_once(" channels"), facts.channels) {
        // Places without a name for all of them: `2 channels (FC+LFE)`.
        (Some((_, places)), _) if places.contains('(') => places.trim_matches([' ', '(', ')']).to_owned(),
        (None, _) if !facts.layout.is_empty() => facts.layout.clone(),
        (_, 1) => "mono".into(),
        (_, 2) => "stereo".into(),
        (_, 6) => "5.1".into(),
        (_, channels @ ..=MOST_UNPLACED) => format!("{channels}c"),
        (_, channels) => return Err(Error::Failed(format!("nothing says where {channels} channels are"))),
    };
    // Editors write tracks of one channel with a place, such as left. A single channel is played on both sides.
    let single = if facts.channels == 1 && known != "mono" { "pan=mono|c0=c0," } else { "" };
    let (rate, format) = (facts.rate, facts.format);
    Graph::audio(&format!(
        "abuffer@in=sample_rate={rate}:sample_fmt={format}:channel_layout={known}:time_base=1/{rate},{single}\
         aresample={RATE}:resampler=soxr:precision=28:out_sample_fmt=fltp:ochl=stereo,\
         aformat=sample_fmts=fltp:channel_layouts=stereo:sample_rates={RATE},abuffersink@0"
    ))
}
