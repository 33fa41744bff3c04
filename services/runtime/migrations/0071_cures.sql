-- A window that the organisers open for one work: until its end the entrant may replace the film and correct the texts.

alter table submissions
    -- When the window ends, by the service's clock, as the deadline is judged. Null where none was opened, or where it was closed.
    add column cure_until  timestamptz,
    -- What is to be cured, for the entrant to read.
    add column cure_reason text;
