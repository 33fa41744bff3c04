-- The covers that partners ask for.

-- Array of `outcome::StoredCover`: what was cut out of the rendition for partners' pages, each with its shape, size, file and
-- for whom it is. `cover_…` is the whole picture.
alter table renditions add column covers jsonb not null default '[]';
