//! Writes mp4 files: the same bytes for the same packets, no tags but those that are asked for.
use std::path::{Path, PathBuf};

use ffmpeg::format;
use ffmpeg_next as ffmpeg;

use crate::av;
use crate::error::{During, Result};

/// An mp4 that is being written.
pub(crate) struct Mux {
    output: format::context::Output,
    path: PathBuf,
}

impl Mux {
    /// Creates the file.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let output = format::output_as(path, "mp4").during("create the output")?;
        Ok(Self { output, path: path.to_owned() })
    }

    /// Adds a stream with these parameters whose stamps count in `base` (num, den).
    #[allow(unsafe_code)]
    pub(crate) fn add(&mut self, parameters: ffmpeg::codec::Parameters, base: (i32, i32)) -> Result<usize> {
        let mut stream =
            self.output.add_stream(ffmpeg::encoder::find(ffmpeg::codec::Id::None)).during("add a stream")?;
        stream.set_parameters(parameters);
        stream.set_time_base(ffmpeg::Rational::new(base.0, base.1));
        // SAFETY: the stream was just made; a tag of another container would make the muxer refuse.
        unsafe { (*(*stream.as_mut_ptr()).codecpar).codec_tag = 0 };
        Ok(stream.index())
    }

    /// Sets the frame rate of stream `index`, frames a second.
    pub(crate) fn frame_rate(&mut self, index: usize, rate: ffmpeg::Rational) {
        if let Some(mut stream) = self.output.stream_mut(index) {
            stream.set_avg_frame_rate(rate);
            stream.set_rate(rate);
        }
    }

    /// Says that players must turn the picture of stream `index` by this matrix.
    #[allow(unsafe_code)]
    pub(crate) fn display_matrix(&mut self, index: usize, matrix: [i32; 9]) -> Result<()> {
        let mut stream =
            self.output.stream_mut(index).ok_or(ffmpeg::Error::StreamNotFound).during("turn the picture")?;
        let kind = ffmpeg::ffi::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX;
        // SAFETY: libav allocates as many bytes as are written, or gives null.
        unsafe {
            let data = ffmpeg::ffi::av_stream_new_side_data(stream.as_mut_ptr(), kind, size_of_val(&matrix));
            if data.is_null() {
                return Err(ffmpeg::Error::Other { errno: libc::ENOMEM }).during("turn the picture");
            }
            data.cast::<[i32; 9]>().write_unaligned(matrix);
        }
        Ok(())
    }

    /// Writes the header. `tags` are all that the file will say of itself.
    pub(crate) fn begin(&mut self, faststart: bool, tags: &[(&str, &str)]) -> Result<()> {
        self.output.set_metadata(av::dictionary(tags));
        let movflags = match (faststart, tags.is_empty()) {
            (true, true) => "+faststart",
            (true, false) => "+faststart+use_metadata_tags",
            (false, _) => "+use_metadata_tags",
        };
        let options = av::dictionary(&[("movflags", movflags), ("fflags", "+bitexact")]);
        self.output.write_header_with(options).during("write the header")?;
        Ok(())
    }

    /// Writes a packet of stream `index` whose stamps count in `base`; libav puts the streams' packets in order.
    pub(crate) fn write(&mut self, mut packet: ffmpeg::Packet, index: usize, base: (i32, i32)) -> Result<()> {
        let target =
            self.output.stream(index).map_or(ffmpeg::Rational::new(base.0, base.1), |stream| stream.time_base());
        packet.rescale_ts(ffmpeg::Rational::new(base.0, base.1), target);
        packet.set_stream(index);
        packet.set_position(-1);
        packet.write_interleaved(&mut self.output).during("write a packet")
    }

    /// Completes the file and gives its size in bytes.
    pub(crate) fn finish(mut self) -> Result<u64> {
        self.output.write_trailer().during("complete the output")?;
        drop(self.output);
        Ok(self.path.metadata().during("look at the output")?.len())
    }
}
