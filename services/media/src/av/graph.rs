//! A chain of libav filters with one input and some outputs, fed and read frame by frame.
use ffmpeg::filter;
use ffmpeg_next as ffmpeg;

use super::frame::PictureFacts;
use crate::error::{During, Result};

/// A configured filter graph. Its text names the input `buffer@in` (or `abuffer@in`) and the outputs `buffersink@0`, `@1`, …
pub(crate) struct Graph {
    graph: filter::Graph,
    input: &'static str,
    output: &'static str,
}

impl Graph {
    /// A graph of pictures.
    pub(crate) fn video(text: &str) -> Result<Self> {
        Self::new(text, "buffer@in", "buffersink")
    }

    /// A graph of sound.
    pub(crate) fn audio(text: &str) -> Result<Self> {
        Self::new(text, "abuffer@in", "abuffersink")
    }

    fn new(text: &str, input: &'static str, output: &'static str) -> Result<Self> {
        let mut graph = filter::Graph::new();
        graph.parse(text).during(&format!("read the filters {text}"))?;
        graph.validate().during(&format!("connect the filters {text}"))?;
        Ok(Self { graph, input, output })
    }

    /// Hands a frame in; its content moves into the graph.
    pub(crate) fn push(&mut self, frame: &mut ffmpeg::Frame) -> Result<()> {
        let mut input =
            self.graph.get(self.input).ok_or(ffmpeg::Error::FilterNotFound).during("find the filter's input")?;
        input.source().add(frame).during("filter a frame")
    }

    /// Says that no frame follows.
    pub(crate) fn finish(&mut self) -> Result<()> {
        let mut input =
            self.graph.get(self.input).ok_or(ffmpeg::Error::FilterNotFound).during("find the filter's input")?;
        input.source().flush().during("end the filters")
    }

    /// Takes a frame from output `index`, if one is ready.
    pub(crate) fn pull(&mut self, index: usize, frame: &mut ffmpeg::Frame) -> Result<bool> {
        let name = format!("{}@{index}", self.output);
        let mut output =
            self.graph.get(&name).ok_or(ffmpeg::Error::FilterNotFound).during("find the filter's output")?;
        match output.sink().frame(frame) {
            Ok(()) => Ok(true),
            Err(ffmpeg::Error::Eof) | Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) => Ok(false),
            Err(error) => Err(error).during("take a filtered frame"),
        }
    }

    /// Ticks of output `index` as (num, den) of a second.
    pub(crate) fn time_base(&mut self, index: usize) -> Option<(i32, i32)> {
        let name = format!("{}@{index}", self.output);
        let mut output = self.graph.get(&name)?;
        let base = output.sink().time_base();
        Some((base.numerator(), base.denominator()))
    }
}

/// The filter through which pictures like `facts` enter a graph, their time stamps in ticks of `num`/`den` seconds.
pub(crate) fn picture_source(facts: PictureFacts, num: i32, den: i32) -> String {
    let PictureFacts { width, height, format, .. } = facts;
    format!("buffer@in=video_size={width}x{height}:pix_fmt={format}:time_base={num}/{den}:pixel_aspect=1/1")
}
