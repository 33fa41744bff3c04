//! Equal encodes are made once, and equal files go to several partners.
use super::wish::Wish;
use crate::id::{EncodeId, PartnerId, RenditionName};
use crate::rendition::{Plan, PlannedRendition, VideoSource};

/// Adds a wish to the plan, sharing what is already there.
pub(super) fn add(plan: &mut Plan, wish: Wish) {
    let video = match wish.video {
        None => VideoSource::Copied,
        Some(video) => VideoSource::Encoded(shared(&mut plan.videos, video, 'v', |encode| &mut encode.id)),
    };
    let audio = wish.audio.map(|audio| shared(&mut plan.audios, audio, 'a', |encode| &mut encode.id));
    let same = plan.renditions.iter_mut().find(|other| other.video == video && other.audio == audio);
    if let Some(same) = same {
        if !same.partners.contains(&wish.partner.id) {
            same.partners.push(wish.partner.id.clone());
        }
        // Each partner may have reasons of its own for this file; a reason common to all is listed once.
        for because in wish.because {
            if !same.because.contains(&because) {
                same.because.push(because);
            }
        }
        return;
    }
    let name = name(plan, wish.rung_name, &video, audio.is_some(), &wish.partner.id);
    plan.renditions.push(PlannedRendition {
        name,
        video,
        audio,
        partners: vec![wish.partner.id.clone()],
        width: wish.width,
        height: wish.height,
        because: wish.because,
        covers: Vec::new(),
    });
}

/// The id of an encode equal to `encode`, which is added under the next free id if there is none.
fn shared<T: PartialEq>(
    encodes: &mut Vec<T>,
    mut encode: T,
    letter: char,
    id: fn(&mut T) -> &mut EncodeId,
) -> EncodeId {
    for known in encodes.iter_mut() {
        let known_id = id(known).clone();
        *id(&mut encode) = known_id.clone();
        if *known == encode {
            return known_id;
        }
    }
    let new = EncodeId::new(format!("{letter}{}", encodes.len() + 1));
    *id(&mut encode) = new.clone();
    encodes.push(encode);
    new
}

/// The rung's name, followed by `-copy` if the picture is passed through and by `-mute` if there is no sound; and by
/// the partner's name if its own limits make a file that differs from the rung's usual one.
fn name(plan: &Plan, rung: &RenditionName, video: &VideoSource, sounds: bool, partner: &PartnerId) -> RenditionName {
    let copy = if *video == VideoSource::Copied { "-copy" } else { "" };
    let mute = if sounds { "" } else { "-mute" };
    let usual = format!("{rung}{copy}{mute}");
    let own = format!("{usual}-{partner}");
    let numbered = (2..).map(|number| format!("{own}-{number}"));
    let free = |name: &String| plan.renditions.iter().all(|rendition| rendition.name.as_str() != name);
    // The sequence of names is endless, so one is free; nearly always the first.
    let name = [usual, own.clone()].into_iter().chain(numbered).find(free);
    RenditionName::new(name.unwrap_or(own))
}
