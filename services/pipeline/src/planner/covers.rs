//! Which covers are cut from which rendition: each partner's wishes, from the largest picture that it gets; equal
//! covers once.
use crate::id::PartnerId;
use crate::partner::{CoverWish, Partner};
use crate::rendition::{Plan, PlannedCover, PlannedRendition};
use crate::screening::Aspect;

/// Adds every partner's covers to the plan, which already has all renditions.
pub(super) fn add(plan: &mut Plan, partners: &[&Partner]) {
    for partner in partners {
        let theirs = plan.renditions.iter_mut().filter(|rendition| rendition.partners.contains(&partner.id));
        // The first of equals, so that the same plan comes out every time.
        let largest = theirs.reduce(|a, b| {
            let pixels = |it: &PlannedRendition| u64::from(it.width) * u64::from(it.height);
            if pixels(b) > pixels(a) { b } else { a }
        });
        let Some(rendition) = largest else { continue };
        for wish in &partner.covers {
            let cover = wanted(wish, &partner.id, (rendition.width, rendition.height));
            match rendition.covers.iter_mut().find(|other| file(other) == file(&cover)) {
                Some(same) => same.partners.push(partner.id.clone()),
                None => rendition.covers.push(cover),
            }
        }
    }
}

/// What the file depends on; the rest only says for whom it is.
fn file(cover: &PlannedCover) -> (Aspect, u32, u32, Option<u64>) {
    (cover.aspect, cover.width, cover.height, cover.max_bytes)
}

/// The size of a cover from a picture of this size: as large as the partner wants it, never enlarged.
fn wanted(wish: &CoverWish, partner: &PartnerId, (width, height): (u32, u32)) -> PlannedCover {
    let (across, down) = (u64::from(wish.aspect.width), u64::from(wish.aspect.height));
    // The widest crop of this aspect in the picture.
    let widest = (u64::from(height) * across / down).min(u64::from(width));
    let wide = widest.min(u64::from(wish.width_pixels)).max(2);
    let high = ((wide * down + across / 2) / across).clamp(2, u64::from(height).max(2));
    PlannedCover {
        aspect: wish.aspect,
        // Both are bounded by the picture's own sides.
        width: u32::try_from(wide).unwrap_or(width),
        height: u32::try_from(high).unwrap_or(height),
        max_bytes: wish.max_bytes,
        partners: vec![partner.clone()],
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;
    use crate::planner::{plan, tests};
    use crate::rendition::{PlannedCover, PlannedRendition};

    fn covers(width: u32, height: u32) -> Vec<(String, PlannedCover)> {
        let catalogue = Catalogue::builtin();
        let contest = catalogue.contest(&"demo".into()).unwrap();
        let mut info = tests::info();
        (info.video.display_width, info.video.display_height) = (width, height);
        (info.video.coded_width, info.video.coded_height) = (width, height);
        let plan = plan(&info, &catalogue.partners_of(contest), &catalogue.ladders);
        let named = |it: &PlannedRendition| (it.name.to_string(), it.covers.clone());
        let all = plan.renditions.iter().map(named);
        all.flat_map(|(name, covers)| covers.into_iter().map(move |cover| (name.clone(), cover))).collect()
    }

    #[test]
    fn every_wish_of_every_partner_is_planned_once() {
        for (width, height) in [(1920, 1080), (1080, 1920)] {
            let planned = covers(width, height);
            for (id, partner) in Catalogue::builtin().partners {
                for wish in &partner.covers {
                    let found = planned.iter().filter(|(_, it)| it.aspect == wish.aspect && it.partners.contains(&id));
                    let found: Vec<_> = found.collect();
                    assert_eq!(found.len(), 1, "{id} {} {found:?}", wish.aspect);
                    let cover = &found[0].1;
                    assert!(
                        cover.width >= wish.min_width_pixels && cover.height >= wish.min_height_pixels,
                        "{cover:?}"
                    );
                    assert!(cover.width <= wish.width_pixels && cover.width <= width && cover.height <= height);
                    let exact = f64::from(cover.width) * f64::from(wish.aspect.height) / f64::from(wish.aspect.width);
                    assert!((f64::from(cover.height) - exact).abs() <= 0.5, "{cover:?}");
                }
            }
        }
    }

    #[test]
    fn partners_with_the_same_wish_share_a_cover_of_the_rendition_that_they_share() {
        let planned = covers(1920, 1080);
        let shared = planned.iter().find(|(_, it)| it.aspect.to_string() == "3:4").unwrap();
        let names: Vec<&str> = shared.1.partners.iter().map(|it| it.as_str()).collect();
        assert!(names.contains(&"weixin_channels"), "{names:?}");
        assert_eq!((shared.1.width, shared.1.height), (810, 1080));
        assert!(planned.iter().all(|(name, _)| name != "web-720"), "of the largest picture: {planned:?}");
    }
}
