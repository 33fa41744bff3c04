//! The media libraries and the sandbox.
use crate::command::doctor::finding::{Finding, Mend};
use crate::local::Local;

/// The ffmpeg libraries, and the sandbox by trying to break out of it.
pub(crate) async fn media() -> Vec<Finding> {
    let engine = vec![engine(&media::engine()), parts_of_engine(&media::missing_features())];
    let local = match Local::new() {
        Ok(local) => local,
        // Then nothing is known of the sandbox; the cause has a line of its own.
        Err(error) => {
            const MEND: Mend = Mend {
                zh: "先按下面各行修复设置与 SCRATCH_DIR，再运行一次",
                en: "mend first what is said below of settings and SCRATCH_DIR, and ask again",
            };
            let words = format!("{error:#}");
            let found = format!("not tried: {}", words.lines().next().unwrap_or_default());
            return engine.into_iter().chain([Finding::poor("sandbox", found, MEND)]).collect();
        }
    };
    let report = match local.self_test().await {
        Ok(report) => report,
        Err(error) => {
            const MEND: Mend =
                Mend { zh: "需要 Linux 5.13 以上并支持 seccomp", en: "run on Linux 5.13 or later with seccomp" };
            return engine.into_iter().chain([Finding::bad("sandbox", format!("{error:#}"), MEND)]).collect();
        }
    };
    let landlock = if report.landlock {
        Finding::good("Landlock", "in force")
    } else {
        const MEND: Mend = Mend {
            zh: "以 lsm=landlock,… 启动内核；或设 REELMILL_ALLOW_MISSING_LANDLOCK=true，接受较弱的隔离",
            en: "boot with lsm=landlock,…; or set REELMILL_ALLOW_MISSING_LANDLOCK=true and accept a weaker sandbox",
        };
        Finding::bad("Landlock", "this kernel has none", MEND)
    };
    let escaped: Vec<&str> =
        report.attempts.iter().filter(|attempt| !attempt.denied).map(|attempt| attempt.what.as_str()).collect();
    let sandbox = if escaped.is_empty() {
        Finding::good("sandbox", format!("{} forbidden things tried, all denied", report.attempts.len()))
    } else {
        const MEND: Mend =
            Mend { zh: "不要在这台机器上处理报送文件", en: "do not run entrants' files on this machine" };
        Finding::bad("sandbox", format!("not denied: {}", escaped.join(", ")), MEND)
    };
    engine.into_iter().chain([landlock, sandbox]).collect()
}

/// Encoders, decoders and filters that a build of ffmpeg may lack.
pub(super) fn parts_of_engine(missing: &[String]) -> Finding {
    const NAME: &str = "media parts";
    const MEND: Mend = Mend {
        zh: "安装发行版的 ffmpeg 库（Debian：libavcodec-extra、libavfilter-extra），自行编译时加 --enable-libx264 --enable-libzimg --enable-libsoxr",
        en: "install your distribution's ffmpeg libraries (Debian: libavcodec-extra, libavfilter-extra); a build of your own needs --enable-libx264 --enable-libzimg --enable-libsoxr",
    };
    if missing.is_empty() {
        return Finding::good(NAME, "every encoder, decoder, filter and resampler that is used");
    }
    Finding::bad(NAME, format!("this ffmpeg is without {}", missing.join(", ")), MEND)
}

/// The libraries that make the output, by their own version texts.
pub(super) fn engine(said: &str) -> Finding {
    const NAME: &str = "media engine";
    let after = |name: &str| said.split_once(name).map(|(_, rest)| rest.split(',').next().unwrap_or(rest).trim());
    // Distributions add a letter before it (n7.1) and text after it (5.1.9-0+deb12u1).
    let version = after(", ffmpeg ").unwrap_or_default().trim_start_matches(|c: char| !c.is_ascii_digit());
    let major: Option<u32> = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|it| it.parse().ok());
    match major {
        Some(5..=7) if after(", x264 ").is_none() => {
            const MEND: Mend = Mend {
                zh: "把 libx264 作为共享库安装：成片能否沿用，要看它的版本",
                en: "install libx264 as a shared library: whether a finished file can be reused depends on its build",
            };
            Finding::poor(NAME, format!("{said}; which x264 is loaded is unknown"), MEND)
        }
        Some(5..=7) => Finding::good(NAME, said),
        Some(_) => {
            const MEND: Mend = Mend {
                zh: "映工场在 FFmpeg 5.1 与 7 上测试过：正式使用前先制作一件熟悉的作品并查看",
                en: "Reelmill is tested with FFmpeg 5.1 and 7: render a known work and look at it before you serve",
            };
            Finding::poor(NAME, said, MEND)
        }
        None => {
            const MEND: Mend = Mend {
                zh: "这些库没有说明是哪一版 FFmpeg；请安装发行版的",
                en: "the libraries do not say which FFmpeg they are; install your distribution's",
            };
            Finding::poor(NAME, said, MEND)
        }
    }
}
