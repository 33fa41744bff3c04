//! Removes what players do not need from an H.264 stream: SEI (captions, the encoder's settings) and unknown units.
use std::ptr;

use ffmpeg::ffi;
use ffmpeg_next as ffmpeg;

use crate::error::{During, Result};

/// Slices and parameter sets pass; the rest of the 31 kinds of NAL units does not.
const KEPT: &std::ffi::CStr = c"filter_units=pass_types=1-5|7-8";

/// The filter, between an encoder or demuxer and a muxer.
pub(crate) struct Strip {
    context: *mut ffi::AVBSFContext,
}

impl Strip {
    /// For packets of a stream with these parameters.
    #[allow(unsafe_code)]
    pub(crate) fn new(parameters: &ffmpeg::codec::Parameters) -> Result<Self> {
        let mut context = ptr::null_mut();
        let check = |answer: i32| if answer < 0 { Err(ffmpeg::Error::from(answer)) } else { Ok(()) };
        // SAFETY: the context is made by libav, filled before init as its documentation asks, and freed in drop.
        unsafe {
            check(ffi::av_bsf_list_parse_str(KEPT.as_ptr(), &mut context)).during("prepare the unit filter")?;
            let strip = Self { context };
            check(ffi::avcodec_parameters_copy((*context).par_in, parameters.as_ptr()))
                .during("prepare the unit filter")?;
            check(ffi::av_bsf_init(context)).during("prepare the unit filter")?;
            Ok(strip)
        }
    }

    /// Parameters of the filtered stream.
    #[allow(unsafe_code)]
    pub(crate) fn parameters(&self) -> ffmpeg::codec::Parameters {
        let mut parameters = ffmpeg::codec::Parameters::new();
        // SAFETY: both are valid; libav copies what the first points to.
        unsafe { ffi::avcodec_parameters_copy(parameters.as_mut_ptr(), (*self.context).par_out) };
        parameters
    }

    /// Filters one packet in place. False if nothing of it is left.
    #[allow(unsafe_code)]
    pub(crate) fn filter(&mut self, packet: &mut ffmpeg::Packet) -> Result<bool> {
        use ffmpeg::packet::Mut;
        // SAFETY: the filter takes the packet's content and gives at most one back, into the same packet.
        let answer = unsafe {
            let sent = ffi::av_bsf_send_packet(self.context, packet.as_mut_ptr());
            if sent < 0 { sent } else { ffi::av_bsf_receive_packet(self.context, packet.as_mut_ptr()) }
        };
        match answer {
            0.. => Ok(true),
            answer => match ffmpeg::Error::from(answer) {
                ffmpeg::Error::Other { errno: libc::EAGAIN } => Ok(false),
                error => Err(error).during("filter units"),
            },
        }
    }
}

impl Drop for Strip {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: made by libav and freed once.
        unsafe { ffi::av_bsf_free(&mut self.context) };
    }
}
