//! From a decoded picture to upright BT.709 8-bit 4:2:0 pictures of the planned sizes.
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use pipeline::media_info::Transfer;
use pipeline::rendition::{Picture, VideoEncode};

use crate::av::graph::{Graph, picture_source};
use crate::av::{self, PictureFacts};
use crate::error::{Error, Result};

/// Scales each picture to every encode's size.
pub(crate) struct Scaler {
    graph: Graph,
    scaled: Vec<frame::Video>,
}

impl Scaler {
    /// For pictures like `facts`, as `picture` says, to the sizes of `encodes`.
    pub(crate) fn new(facts: PictureFacts, picture: &Picture, sizes: &[(u32, u32)]) -> Result<Self> {
        let mut text = picture_source(facts, 1, 1_000_000);
        if sizes.len() > 1 {
            text.push_str(&format!(",split={}", sizes.len()));
            (0..sizes.len()).for_each(|index| text.push_str(&format!("[s{index}]")));
        }
        for (index, size) in sizes.iter().enumerate() {
            text.push_str(&if sizes.len() > 1 { format!(";[s{index}]") } else { ",".to_owned() });
            // Turned when converted: there are formats that cannot be turned, and libav would bring them to another in its own way.
            text.push_str(&convert(facts, picture, lying(picture, *size)));
            text.push_str(&format!("format=yuv420p{},setsar=1,buffersink@{index}", upright(picture)));
        }
        let scaled = sizes.iter().map(|_| frame::Video::empty()).collect();
        Ok(Self { graph: Graph::video(&text)?, scaled })
    }

    /// Scales one picture; the results stay until the next.
    pub(crate) fn scale(&mut self, frame: &mut frame::Video) -> Result<&mut [frame::Video]> {
        self.graph.push(frame)?;
        for (index, scaled) in self.scaled.iter_mut().enumerate() {
            *scaled = frame::Video::empty();
            if !self.graph.pull(index, scaled)? {
                return Err(Error::Failed("the scaler kept a picture back".into()));
            }
        }
        Ok(&mut self.scaled)
    }

    /// What the last call of `scale` made.
    pub(crate) fn scaled(&mut self) -> &mut [frame::Video] {
        &mut self.scaled
    }
}

/// The sizes of `encodes`, each once, and which of them each encode has: pictures are converted once for all of one size.
pub(crate) fn sizes(encodes: &[VideoEncode]) -> (Vec<(u32, u32)>, Vec<usize>) {
    let mut sizes = Vec::new();
    let mut place = |size: (u32, u32)| {
        let known = sizes.iter().position(|other| *other == size);
        known.unwrap_or_else(|| {
            sizes.push(size);
            sizes.len() - 1
        })
    };
    let places = encodes.iter().map(|encode| place((encode.width, encode.height))).collect();
    (sizes, places)
}

/// Filters that make small upright pictures of `size` from pictures like `facts`, for previews only: fast scaling, and rotation
/// after it. Pictures that are marked as interlaced are deinterlaced. Time stamps are microseconds.
pub(crate) fn small(facts: PictureFacts, picture: &Picture, size: (u32, u32)) -> Result<Graph> {
    let size = lying(picture, size);
    let weave = if facts.interlaced { ",bwdif=mode=send_frame:parity=auto:deint=interlaced" } else { "" };
    let convert = match picture.transfer {
        Transfer::Pq | Transfer::Hlg => convert(facts, picture, size),
        Transfer::Sdr => {
            let (matrix, range) = (sws_matrix(&picture.matrix), if picture.full_range { "pc" } else { "tv" });
            format!(
                "scale={}:{}:flags=area:in_color_matrix={matrix}:out_color_matrix=bt709:in_range={range}:out_range=tv,",
                size.0, size.1
            )
        }
    };
    let (input, upright) = (picture_source(facts, 1, 1_000_000), upright(picture));
    Graph::video(&format!("{input}{weave},{convert}format=yuv420p{upright},setsar=1,buffersink@0"))
}

/// A size as it is before the picture is turned upright.
fn lying(picture: &Picture, (width, height): (u32, u32)) -> (u32, u32) {
    if picture.rotation_degrees % 180 == 90 { (height, width) } else { (width, height) }
}

/// Mirrors first, then rotates, as the display matrix means.
fn upright(picture: &Picture) -> String {
    let mirror = if picture.mirrored { ",hflip" } else { "" };
    let rotate = match picture.rotation_degrees {
        90 => ",transpose=clock",
        180 => ",hflip,vflip",
        270 => ",transpose=cclock",
        _ => "",
    };
    format!("{mirror}{rotate}")
}

/// Size, before turning, and colour in one step where that is enough; light itself is converted for HDR. Ends with a comma unless empty.
fn convert(facts: PictureFacts, picture: &Picture, (width, height): (u32, u32)) -> String {
    let range = if picture.full_range { "full" } else { "limited" };
    let matrix = picture.matrix.as_str();
    let transfer = match picture.transfer {
        Transfer::Pq => "smpte2084",
        Transfer::Hlg => "arib-std-b67",
        Transfer::Sdr => return convert_sdr(facts, picture, (width, height)),
    };
    let matrix = zimg_matrix(matrix).unwrap_or("bt2020nc");
    let primaries = wide_primaries(facts).unwrap_or("bt2020".into());
    // npl=100: SDR's white is 100 cd/m². HDR's diffuse white (203 by BT.2408) then enters the curve at 2.03 and leaves it at
    // three quarters of the signal, with room for highlights above. With diffuse white as 1, it would leave at 62 %, which
    // looks dim. Primaries are given by name on both sides, since zimg cannot convert them where a film has only its curve
    // tagged. The peak is fixed at 1000 cd/m²: only some frames carry a file's own value, and it would differ at the seams.
    format!(
        "zscale=w={width}:h={height}:f=lanczos:tin={transfer}:min={matrix}:pin={primaries}:rin={range}:t=linear:p={primaries}:npl=100,\
         format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=hable:desat=0:peak=10,\
         zscale=t=bt709:m=bt709:p=bt709:r=limited:d=ordered,"
    )
}

/// Primaries, as tagged, that contain colours outside BT.709: these are converted. SD primaries differ from BT.709 by less than
/// screens do.
fn wide_primaries(facts: PictureFacts) -> Option<String> {
    let name = av::primaries_name(facts.primaries);
    matches!(name.as_str(), "bt2020" | "smpte431" | "smpte432").then_some(name)
}

/// The name that zimg's filter has for a matrix; `None` for what it does not know.
fn zimg_matrix(matrix: &str) -> Option<&str> {
    match matrix {
        "bt709" | "fcc" | "bt470bg" | "smpte170m" | "ycgco" | "bt2020nc" | "bt2020c" | "ictcp" => Some(matrix),
        "smpte240m" => Some("7"), // by its number (H.273): FFmpeg 5 misspells the name, FFmpeg 7 no longer
        _ => None,
    }
}

fn convert_sdr(facts: PictureFacts, picture: &Picture, (width, height): (u32, u32)) -> String {
    let (wide, high) = (facts.width, facts.height);
    let format = av::pixel_format_name(facts.format);
    let same_size = (i64::from(wide), i64::from(high)) == (i64::from(width), i64::from(height));
    let same_colour =
        picture.matrix == "bt709" && !picture.full_range && format == "yuv420p" && wide_primaries(facts).is_none();
    if same_size && same_colour {
        return String::new();
    }
    if format.starts_with("gbr") || format.starts_with("rgb") || wide % 2 != 0 || high % 2 != 0 {
        // zimg wants sizes that the chroma divides; swscale takes all.
        let (matrix, range) = (sws_matrix(&picture.matrix), if picture.full_range { "pc" } else { "tv" });
        return format!(
            "scale={width}:{height}:flags=lanczos+accurate_rnd+full_chroma_int+bitexact:\
             in_color_matrix={matrix}:out_color_matrix=bt709:in_range={range}:out_range=tv,"
        );
    }
    let range = if picture.full_range { "full" } else { "limited" };
    let matrix = zimg_matrix(&picture.matrix).filter(|matrix| *matrix != "ictcp").unwrap_or("bt709");
    let size = format!("w={width}:h={height}:f=lanczos:d=ordered");
    match wide_primaries(facts) {
        None if matrix != "bt2020c" => format!("zscale={size}:min={matrix}:rin={range}:m=bt709:r=limited,"),
        // These are computed in light itself, for which the curve has to be known. SDR's curves are BT.709's, or as good as it.
        primaries => {
            let primaries = primaries.unwrap_or("bt709".into());
            format!(
                "zscale={size}:min={matrix}:rin={range}:tin=bt709:pin={primaries}:m=bt709:t=bt709:p=bt709:r=limited,"
            )
        }
    }
}

fn sws_matrix(matrix: &str) -> &str {
    match matrix {
        "smpte170m" | "bt470bg" | "fcc" | "smpte240m" => matrix,
        "bt2020nc" | "bt2020c" => "bt2020",
        _ => "bt709",
    }
}
