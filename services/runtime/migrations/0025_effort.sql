-- What a part is expected to take, ms of one core, 0 where nothing is expected of it. Of one entry's parts the longest is claimed first:
-- what is begun last, and everything waits for, is then short. Frames said too little of that: a busy stretch takes thrice a calm one.
alter table parts rename column frames to effort_ms;
