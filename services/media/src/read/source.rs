//! Opens a file under restrictions: the format by its own magic, one demuxer, a list of decoders, no other file, no network address.
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::context::Input;
use pipeline::rejection::Rejection;

use crate::av::{self, Medium, Patch, Patched, StreamFacts};
use crate::child::protocol::Limits;
use crate::error::{During, Error, Result};
use crate::read::carry::Carry;
use crate::read::colour::Stated;
use crate::read::cut_short;
use crate::read::isobmff::{self, Structure, Track};
use crate::read::matroska;
use crate::read::sample_entry;
use crate::read::scrambled;
use crate::read::sniff::{Brands, Format, HEAD, Kind, brands, sniff};
use crate::read::splice::Splice;
use crate::text;

mod boxes;

/// Every decoder that may run, by libav's name.
pub(crate) const DECODERS: &str = "h264,hevc,mpeg4,mpeg2video,vp8,vp9,libdav1d,prores,mjpeg,dnxhd,\
    aac,aac_latm,mp3,mp3float,ac3,eac3,opus,vorbis,flac,alac,\
    pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_u8,pcm_alaw,pcm_mulaw";

/// Most text in tags: editing programs write a few hundred KB of history at most.
const MAX_TAG_BYTES: u64 = 1 << 20;

/// Compatible brands that are kept; files list a handful.
const MAX_BRANDS: usize = 16;

/// An open file that passed all checks.
pub(crate) struct Source {
    pub(crate) input: Input,
    /// What the input is read through, where libav misreads the file. Dropped after it.
    _patched: Option<Patched>,
    pub(crate) format: Format,
    pub(crate) brand: String,
    pub(crate) compatible_brands: Vec<String>,
    pub(crate) size_bytes: u64,
    /// What the boxes of an ISO file say; nothing of others.
    pub(crate) structure: Structure,
    /// What a Matroska file calls its codecs, in the order of streams; nothing of others.
    codecs: Vec<String>,
    /// What the container says of each stream's colour.
    stated: Vec<Stated>,
    splice: Splice,
    carry: Carry,
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
            return Err(Rejection::end_missing().into());
        }
        if format == Format::MpegTs && scrambled::is_scrambled(path).during("read the source")? {
            return Err(Rejection::Encrypted { scheme: String::new() }.into());
        }
        // In this order, so that on an early return the input is dropped before the file that it reads from.
        let (patched, mut input) = open_as_laid_out(path, format, &structure)?;
        if cut_short::by_index(path, &input, format) {
            return Err(Rejection::end_missing().into());
        }
        check_streams(&input, limits)?;
        boxes::correct_codecs(&mut input, &structure);
        let stated = boxes::stated(&input, &structure);
        let max_pixels = limits.max_pixels.to_string();
        av::find_streams(&mut input, &[("max_pixels", &max_pixels), ("codec_whitelist", DECODERS), ("threads", "1")])
            .map_err(damaged)?;
        // Again, since the streams of a transport stream are known only now.
        check_streams(&input, limits)?;
        let bytes = av::tag_bytes(&input);
        if bytes > MAX_TAG_BYTES {
            return Err(Rejection::OversizedTags { bytes }.into());
        }
        let (brand, compatible_brands) = brand_names(format, &head);
        let codecs = if format == Format::Matroska { matroska::codecs(path).unwrap_or_default() } else { Vec::new() };
        let (splice, carry) = (Splice::default(), Carry::default());
        Ok(Self {
            input,
            _patched: patched,
            format,
            brand,
            compatible_brands,
            size_bytes,
            structure,
            codecs,
            stated,
            splice,
            carry,
        })
    }

    /// What the boxes say of the track that stream `index` is; `None` in other formats.
    pub(crate) fn track(&self, index: usize) -> Option<&Track> {
        boxes::track(&self.input, &self.structure, index)
    }

    /// What the container says of the colour of stream `index`.
    pub(crate) fn stated(&self, index: usize) -> Stated {
        self.stated.get(index).copied().unwrap_or_default()
    }

    /// The name of the codec of stream `index`: libav's, or else the container's own.
    pub(crate) fn codec_name(&self, index: usize) -> String {
        let known = av::stream_facts(&self.input, index).map(|facts| av::codec_name(facts.codec));
        let known = known.filter(|name| !matches!(name.as_str(), "unknown" | "none"));
        let own = || self.codecs.get(index).filter(|name| !name.is_empty()).cloned();
        let code = || self.track(index).and_then(sample_entry::code).or_else(|| av::stream_code(&self.input, index));
        known.or_else(own).or_else(code).unwrap_or_else(|| "unknown".into())
    }

    /// Packets of stream `index`, which is a picture and was read to its end, that held no picture.
    pub(crate) fn packets_without_picture(&self, index: usize) -> u64 {
        self.carry.packets + self.track(index).map_or(0, |track| track.empty_samples)
    }

    /// The packet with what came before it and belongs to it; `None` where it holds no picture.
    pub(crate) fn whole(&mut self, packet: ffmpeg::Packet) -> Option<ffmpeg::Packet> {
        self.carry.pass(&self.input, packet)
    }

    /// Moves reading of stream `index` to the key frame at or before `ticks`.
    pub(crate) fn seek(&mut self, index: usize, ticks: i64) -> bool {
        self.carry.clear();
        av::seek(&mut self.input, index, ticks)
    }

    /// Reads only these streams, where the others can be skipped. A broadcast's clock is computed from all of its packets.
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

/// Opens the file, a second time where libav misreads how its samples are laid out.
fn open_as_laid_out(path: &Path, format: Format, structure: &Structure) -> Result<(Option<Patched>, Input)> {
    let mut patches = boxes::hidden(structure);
    let (patched, input) = open_patched(path, format, structure, &patches)?;
    let misread = boxes::misread(&input, structure);
    if misread.is_empty() {
        return Ok((patched, input));
    }
    patches.extend(misread);
    open_patched(path, format, structure, &patches)
}

fn open_patched(
    path: &Path,
    format: Format,
    structure: &Structure,
    patches: &[Patch],
) -> Result<(Option<Patched>, Input)> {
    if patches.is_empty() {
        return Ok((None, open(path, format, structure, None)?));
    }
    let patched = Patched::open(path, patches.to_vec()).during("open the source")?;
    let input = open(path, format, structure, Some(&patched))?;
    Ok((Some(patched), input))
}

fn open(path: &Path, format: Format, structure: &Structure, patched: Option<&Patched>) -> Result<Input> {
    let options = [
        // An edit without a length: with this option libav shows nothing of it, without it the film from there to its end.
        ("advanced_editlist", if structure.has_open_edit() { "0" } else { "1" }),
        ("format_whitelist", format.demuxer()),
        ("protocol_whitelist", "file"),
        ("codec_whitelist", DECODERS),
        ("probesize", "16777216"), // 16 MiB: enough for the first key frame of a 4K intra codec
        ("analyzeduration", "10000000"), // 10 s
        ("enable_drefs", "0"),
        ("use_absolute_path", "0"),
    ];
    // Private options of one demuxer are unknown to the others, which only leave them.
    av::open_input(path, format.demuxer(), &options, patched).map_err(damaged)
}

/// A file that its own demuxer cannot open is damaged; running out of memory is running out of budget.
fn damaged(error: ffmpeg::Error) -> Error {
    match error {
        ffmpeg::Error::Other { errno: libc::ENOMEM } => Error::out_of_memory(),
        _ => Rejection::damaged(1).into(),
    }
}

/// Refuses what no entry needs, before any of it is decoded.
fn check_streams(input: &Input, limits: &Limits) -> Result<()> {
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

/// The major brand and the compatible ones, as text.
fn brand_names(format: Format, head: &[u8]) -> (String, Vec<String>) {
    let Brands { major, compatible } = brands(head).filter(|_| format.is_iso()).unwrap_or_default();
    let name = |brand: &[u8; 4]| text::clean(brand, 4);
    (name(&major), compatible.iter().take(MAX_BRANDS).map(name).collect())
}
