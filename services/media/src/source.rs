//! Opens a file under the gate: our own magic, one demuxer, a list of decoders, no other file, no address.
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ffmpeg_next as ffmpeg;
use pipeline::rejection::Rejection;

use crate::av::{self, Medium, StreamFacts};
use crate::child::protocol::Limits;
use crate::cut_short;
use crate::decode;
use crate::error::{During, Error, Result};
use crate::isobmff::{self, Structure};
use crate::sniff::{Format, HEAD, Kind, sniff};
use crate::splice::Splice;
use crate::text;
use crate::tracks::{self, Choice, Described};

/// Every decoder that may run, by libav's name.
pub(crate) const DECODERS: &str = "h264,hevc,mpeg4,mpeg2video,vp8,vp9,libdav1d,prores,mjpeg,dnxhd,\
    aac,aac_latm,mp3,mp3float,ac3,eac3,opus,vorbis,flac,alac,\
    pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_u8,pcm_alaw,pcm_mulaw";

/// Text in tags that an entry may have: editing programs write a few hundred KB of history at the most.
const MAX_TAG_BYTES: u64 = 1 << 20;

/// An open file that passed the gate.
pub(crate) struct Source {
    pub(crate) input: ffmpeg::format::context::Input,
    pub(crate) format: Format,
    pub(crate) brand: String,
    pub(crate) size_bytes: u64,
    /// What the header of an ISO file says that it lasts.
    pub(crate) claimed_ms: Option<u64>,
    splice: Splice,
}

impl Source {
    /// Opens the file at `path`.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self> {
        av::init();
        let size_bytes = path.metadata().during("look at the source")?.len();
        let mut head = Vec::new();
        File::open(path)
            .during("open the source")?
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .during("read the source")?;
        let format = match sniff(&head) {
            Kind::Format(format) => format,
            Kind::Other(found) => return Err(Rejection::UnknownFormat { found: found.into() }.into()),
        };
        let structure = if format.is_iso() { isobmff::read(path).unwrap_or_default() } else { Structure::default() };
        if structure.external {
            return Err(Rejection::ExternalReference.into());
        }
        if cut_short::by_structure(format, &head, &structure, size_bytes) {
            return Err(Rejection::Damaged { errors: 1 }.into());
        }
        let mut input = open(path, format)?;
        if cut_short::by_index(path, &input, format) {
            return Err(Rejection::Damaged { errors: 1 }.into());
        }
        check_streams(&input, limits)?;
        let claimed_ms = av::claimed_duration_ms(&input).filter(|_| format.is_iso());
        let max_pixels = limits.max_pixels.to_string();
        av::find_streams(&mut input, &[("max_pixels", &max_pixels), ("codec_whitelist", DECODERS), ("threads", "1")])
            .map_err(damaged)?;
        // Once more: a transport stream shows its streams only now.
        check_streams(&input, limits)?;
        let bytes = av::tag_bytes(&input);
        if bytes > MAX_TAG_BYTES {
            return Err(Rejection::OversizedTags { bytes }.into());
        }
        Ok(Self { input, format, brand: brand(format, &head), size_bytes, claimed_ms, splice: Splice::default() })
    }

    /// Its streams as far as the choice among them goes. Only the samples of an ISO file are counted before they are read.
    pub(crate) fn tracks(&self) -> Vec<Described> {
        let can_decode = |index| decode::decoder_of(&self.input, index).is_some();
        tracks::describe(&self.input, self.format.is_iso(), can_decode)
    }

    /// The tracks that are the work's.
    pub(crate) fn choice(&self) -> Choice {
        tracks::choose(&self.tracks())
    }

    /// Reads only these streams, where the others can be skipped. A broadcast's clock is told by all of its packets.
    pub(crate) fn keep_only(&mut self, wanted: &[usize]) {
        if !self.format.is_discontinuous() {
            av::keep_only(&mut self.input, wanted);
        }
    }

    /// A stream's setup record; empty where there is none.
    pub(crate) fn extradata(&self, index: usize) -> Vec<u8> {
        self.input.stream(index).map_or_else(Vec::new, |stream| av::extradata(&stream.parameters()))
    }

    /// Moves a packet that was just read onto a timeline without the jumps of a broadcast.
    pub(crate) fn straighten(&mut self, packet: &mut ffmpeg::Packet) {
        if self.format.is_discontinuous()
            && let Some(facts) = av::stream_facts(&self.input, packet.stream())
        {
            self.splice.place(facts, packet);
        }
    }

    /// Facts of every stream.
    pub(crate) fn streams(&self) -> Vec<StreamFacts> {
        (0..self.input.nb_streams() as usize).filter_map(|index| av::stream_facts(&self.input, index)).collect()
    }

    /// Origin of the timeline in microseconds: 0 by definition, but broadcast begins anywhere.
    pub(crate) fn origin_us(&self) -> i64 {
        if self.format.is_discontinuous() { av::start_time_us(&self.input).unwrap_or(0) } else { 0 }
    }
}

fn open(path: &Path, format: Format) -> Result<ffmpeg::format::context::Input> {
    let options = [
        ("format_whitelist", format.demuxer()),
        ("protocol_whitelist", "file"),
        ("codec_whitelist", DECODERS),
        ("probesize", "16777216"), // 16 MiB: enough for the first key frame of a 4K intra codec
        ("analyzeduration", "10000000"), // 10 s
        ("enable_drefs", "0"),
        ("use_absolute_path", "0"),
    ];
    // Private options of one demuxer are unknown to the others, which only leave them.
    av::open_input(path, format.demuxer(), &options).map_err(damaged)
}

/// A file that its own demuxer cannot open is damaged; running out of memory is running out of budget.
fn damaged(error: ffmpeg::Error) -> Error {
    match error {
        ffmpeg::Error::Other { errno: libc::ENOMEM } => Error::out_of_memory(),
        _ => Rejection::Damaged { errors: 1 }.into(),
    }
}

/// Refuses what no entry needs, before any of it is decoded.
fn check_streams(input: &ffmpeg::format::context::Input, limits: &Limits) -> Result<()> {
    let streams = input.nb_streams();
    if streams > limits.max_streams {
        return Err(Rejection::TooManyStreams { streams }.into());
    }
    for facts in (0..streams as usize).filter_map(|index| av::stream_facts(input, index)) {
        let width = u32::try_from(facts.width).unwrap_or(0);
        let height = u32::try_from(facts.height).unwrap_or(0);
        if facts.medium == Medium::Video && u64::from(width) * u64::from(height) > limits.max_pixels {
            return Err(Rejection::PictureTooLarge { width, height }.into());
        }
    }
    Ok(())
}

fn brand(format: Format, head: &[u8]) -> String {
    match head.get(4..12) {
        Some(ftyp) if format.is_iso() && ftyp.starts_with(b"ftyp") => text::clean(&ftyp[4..], 4),
        _ => String::new(),
    }
}
