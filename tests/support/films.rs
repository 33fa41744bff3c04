//! Any number of films that differ from each other in picture and sound, and the changes that people make to a film
//! before they enter it again.
//!
//! Each is made of scenes of two to four seconds: drifting waves of light, hard-edged shapes that move over them, and
//! chords that follow each other with beats of noise, all drawn from the film's number. They differ from real films:
//! all have the same kind of texture, none has a face or a voice.
use std::f32::consts::TAU;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Frames a second.
const RATE: u64 = 10;
/// Size at which the pictures are made; they are entered at twice that.
const WIDTH: usize = 160;
const HEIGHT: usize = 90;
/// Samples a second.
const SOUND: usize = 22_050;

/// A small generator (xorshift*), so that a number always gives the same film.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1);
        for _ in 0..4 {
            dice.next();
        }
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// 0 to 1.
    pub(crate) fn part(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * self.part()
    }
}

/// Makes film `number` of this many seconds at `file`: 320×180, H.264 and AAC in mp4.
pub(crate) fn make(file: &Path, number: u64, seconds: u64) {
    let sound = file.with_extension("pcm");
    std::fs::write(&sound, music(number, seconds)).expect("the film's sound");
    let args = format!(
        "-f rawvideo -pix_fmt gray -s {WIDTH}x{HEIGHT} -r {RATE} -i pipe:0 -f s16le -ar {SOUND} -ac 1 -i {} \
         -vf scale=320:180:flags=bicubic,format=yuv420p -c:v libx264 -preset ultrafast -crf 18 -threads 1 -c:a aac -b:a 128k \
         -ar 48000 -ac 2 -shortest {}",
        sound.display(),
        file.display()
    );
    let mut child = ffmpeg(&args).stdin(Stdio::piped()).spawn().expect("ffmpeg");
    let mut pipe = child.stdin.take().expect("a pipe to ffmpeg");
    for scene in scenes(number, seconds) {
        for frame in scene.frames.clone() {
            pipe.write_all(&scene.paint(frame)).expect("a frame for ffmpeg");
        }
    }
    drop(pipe);
    assert!(child.wait().expect("ffmpeg").success(), "ffmpeg could not make {}", file.display());
    std::fs::remove_file(sound).expect("the film's sound");
}

/// Makes 20 s of 1080p25 with stereo sound.
pub(crate) fn large(file: &Path) {
    let args = format!(
        "-f lavfi -i testsrc2=size=1920x1080:rate=25:duration=20 -f lavfi -i anoisesrc=duration=20:sample_rate=48000:amplitude=0.2 \
         -c:v libx264 -preset superfast -crf 23 -pix_fmt yuv420p -c:a aac -ac 2 {}",
        file.display()
    );
    assert!(ffmpeg(&args).status().expect("ffmpeg").success(), "ffmpeg could not make {}", file.display());
}

fn ffmpeg(args: &str) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-y", "-loglevel", "error"]).args(args.split_whitespace());
    // Where the pictures are made here, they come on stdin.
    command.stdin(Stdio::null());
    command
}

struct Scene {
    frames: std::ops::Range<u64>,
    /// Across, down, phase, drift a second, height.
    waves: Vec<[f32; 5]>,
    /// Left, top, width, height, speed across and down, light.
    shapes: Vec<[f32; 7]>,
}

fn scenes(number: u64, seconds: u64) -> Vec<Scene> {
    let mut dice = Dice::new(number * 2);
    let (mut scenes, mut at) = (Vec::new(), 0);
    while at < seconds * RATE {
        let end = (at + dice.between(2.0, 4.0) as u64 * RATE + dice.next() % RATE).min(seconds * RATE);
        let waves = (0..7)
            .map(|_| {
                let (across, down) = (dice.between(-4.0, 4.0), dice.between(-3.0, 3.0));
                let height = dice.between(20.0, 60.0) / (1.0 + across.abs() + down.abs());
                [across * TAU, down * TAU, dice.part() * TAU, dice.between(-0.5, 0.5), height]
            })
            .collect();
        let shape = |dice: &mut Dice| {
            let size = [dice.between(0.08, 0.35), dice.between(0.08, 0.35)];
            let speed = [dice.between(-0.12, 0.12), dice.between(-0.12, 0.12)];
            [dice.part() * 0.8, dice.part() * 0.8, size[0], size[1], speed[0], speed[1], dice.between(20.0, 235.0)]
        };
        let shapes = (0..4).map(|_| shape(&mut dice)).collect();
        scenes.push(Scene { frames: at..end, waves, shapes });
        at = end;
    }
    scenes
}

impl Scene {
    fn paint(&self, frame: u64) -> Vec<u8> {
        let t = (frame - self.frames.start) as f32 / RATE as f32;
        let mut light = vec![118.0f32; WIDTH * HEIGHT];
        for [across, down, phase, drift, height] in &self.waves {
            let columns: Vec<f32> =
                (0..WIDTH).map(|x| across * x as f32 / WIDTH as f32 + phase + drift * TAU * t).collect();
            let columns: Vec<(f32, f32)> = columns.iter().map(|angle| angle.sin_cos()).collect();
            for y in 0..HEIGHT {
                let (sin, cos) = (down * y as f32 / HEIGHT as f32).sin_cos();
                let row = &mut light[y * WIDTH..(y + 1) * WIDTH];
                row.iter_mut().zip(&columns).for_each(|(it, (s, c))| *it += height * (c * cos - s * sin));
            }
        }
        for [left, top, wide, high, dx, dy, level] in &self.shapes {
            let side = |from: f32, speed: f32, size: f32, all: usize| {
                let at = |part: f32| (part * all as f32).clamp(0.0, all as f32) as usize;
                at(from + speed * t)..at(from + speed * t + size)
            };
            for y in side(*top, *dy, *high, HEIGHT) {
                light[y * WIDTH..(y + 1) * WIDTH][side(*left, *dx, *wide, WIDTH)].fill(*level);
            }
        }
        light.into_iter().map(|level| level.clamp(16.0, 235.0) as u8).collect()
    }
}

/// Chords of three to four tones with two overtones each, and a beat of noise.
fn music(number: u64, seconds: u64) -> Vec<u8> {
    let mut dice = Dice::new(number * 2 + 1);
    let samples = seconds as usize * SOUND;
    let (tempo, key) = (dice.between(0.22, 0.55), dice.between(90.0, 180.0));
    let mut bytes = Vec::with_capacity(samples * 2);
    let mut tones: Vec<f32> = Vec::new();
    let length = (tempo * SOUND as f32) as usize;
    for at in 0..samples {
        let within = at % length;
        if within == 0 {
            let scale = [0.0, 2.0, 3.0, 5.0, 7.0, 8.0, 10.0];
            let tone = |dice: &mut Dice| scale[dice.next() as usize % 7] + 12.0 * (dice.next() % 3) as f32;
            tones = (0..3 + dice.next() % 2).map(|_| key * (tone(&mut dice) / 12.0).exp2()).collect();
        }
        let fading = (-3.0 * within as f32 / length as f32).exp();
        let t = at as f32 / SOUND as f32;
        let voice = |tone: &f32| (1..4).map(|n| (TAU * tone * n as f32 * t).sin() / (n * n) as f32).sum::<f32>();
        let chord: f32 = tones.iter().map(voice).sum();
        let beat = if within < length / 6 { (dice.part() - 0.5) * 0.3 } else { 0.0 };
        bytes.extend_from_slice(&(((chord * 0.12 + beat) * fading * 28_000.0) as i16).to_le_bytes());
    }
    bytes
}

/// A change that people make to a film.
pub(crate) struct Variant {
    /// Its name in the results.
    pub(crate) name: &'static str,
    video: &'static str,
    audio: &'static str,
    codecs: &'static str,
}

const PLAIN: &str = "-crf 24 -b:a 96k";

/// The changes, for a film of at least ten seconds.
pub(crate) const VARIANTS: [Variant; 13] = [
    Variant { name: "re-encoded", video: "null", audio: "anull", codecs: "-crf 34 -b:a 48k" },
    Variant { name: "scaled", video: "scale=214:120", audio: "anull", codecs: PLAIN },
    Variant {
        name: "logo",
        video: "drawbox=x=iw*0.82:y=ih*0.06:w=iw*0.13:h=ih*0.12:color=white@0.9:t=fill",
        audio: "anull",
        codecs: PLAIN,
    },
    Variant { name: "cropped by 10 %", video: "crop=iw*0.9:ih*0.9,scale=320:180", audio: "anull", codecs: PLAIN },
    Variant {
        name: "cropped by 10 % at one corner",
        video: "crop=iw*0.9:ih*0.9:0:0,scale=320:180",
        audio: "anull",
        codecs: PLAIN,
    },
    Variant {
        name: "ends trimmed",
        video: "trim=start=1.7,setpts=PTS-STARTPTS,trim=end=$KEPT",
        audio: "atrim=start=1.7,asetpts=PTS-STARTPTS,atrim=end=$KEPT",
        codecs: PLAIN,
    },
    Variant { name: "centre to 9:16", video: "crop=100:180", audio: "anull", codecs: PLAIN },
    Variant { name: "letterboxed in 9:16", video: "scale=180:102,pad=180:320:0:109", audio: "anull", codecs: PLAIN },
    Variant {
        name: "on its own blur in 9:16",
        video: "split[a][b];[a]crop=100:180,scale=180:320,gblur=12[c];[b]scale=180:102[d];[c][d]overlay=0:109",
        audio: "anull",
        codecs: PLAIN,
    },
    Variant {
        name: "another sound",
        video: "null",
        audio: "volume=0,aeval=0.2*sin(2*PI*300*t*(1+0.2*sin(t))):c=same",
        codecs: PLAIN,
    },
    Variant {
        name: "another picture",
        video: "lutyuv=y=90:u=128:v=128,drawbox=x='mod(t*60,iw-60)':y='mod(t*35,ih-40)':w=60:h=40:color=white:t=fill",
        audio: "anull",
        codecs: "-crf 30 -b:a 64k",
    },
    Variant {
        name: "crop, logo, scaled, trimmed, re-encoded",
        video: "trim=start=1.7,setpts=PTS-STARTPTS,trim=end=$KEPT,crop=iw*0.9:ih*0.9,scale=240:136,drawbox=x=iw*0.82:y=ih*0.06:w=iw*0.13:h=ih*0.12:color=white@0.9:t=fill",
        audio: "atrim=start=1.7,asetpts=PTS-STARTPTS,atrim=end=$KEPT,volume=0.6",
        codecs: "-crf 30 -b:a 48k",
    },
    Variant {
        name: "centre to 9:16, trimmed, re-encoded, other sound",
        video: "trim=start=1.7,setpts=PTS-STARTPTS,trim=end=$KEPT,crop=100:180",
        audio: "volume=0,aeval=0.2*sin(2*PI*(200+90*sin(3*t))*t):c=same,atrim=end=$KEPT",
        codecs: "-crf 30 -b:a 48k",
    },
];

/// Makes every variant of a film of this many seconds in `dir`, from one decode.
pub(crate) fn vary(film: &Path, seconds: u64, dir: &Path) -> Vec<(&'static str, PathBuf)> {
    // Two seconds and more are cut from each end.
    let kept = format!("{:.1}", seconds as f64 - 1.7 - 2.2);
    let inputs = format!(
        "-i {} -filter_complex [0:v]split={}{};[0:a]asplit={}{}",
        film.display(),
        VARIANTS.len(),
        (0..VARIANTS.len()).map(|index| format!("[v{index}]")).collect::<String>(),
        VARIANTS.len(),
        (0..VARIANTS.len()).map(|index| format!("[a{index}]")).collect::<String>(),
    );
    let (mut graph, mut outputs, mut made) = (inputs, String::new(), Vec::new());
    for (index, variant) in VARIANTS.iter().enumerate() {
        // Labels in a variant's own graph must differ from those of the others.
        let own = |text: &str| {
            ["a", "b", "c", "d"].iter().fold(text.replace("$KEPT", &kept), |text, label| {
                text.replace(&format!("[{label}]"), &format!("[{label}of{index}]"))
            })
        };
        let file = dir.join(format!("variant-{index}.mp4"));
        graph += &format!(";[v{index}]{}[w{index}];[a{index}]{}[b{index}]", own(variant.video), own(variant.audio));
        outputs += &format!(
            " -map [w{index}] -map [b{index}] -c:v libx264 -preset ultrafast -threads 1 -pix_fmt yuv420p -c:a aac {} {}",
            variant.codecs,
            file.display()
        );
        made.push((variant.name, file));
    }
    let done = ffmpeg(&(graph + &outputs)).status().expect("ffmpeg");
    assert!(done.success(), "ffmpeg could not make the variants of {}", film.display());
    made
}
