-- A move that starts a work's deliveries also notes that it has some, in the version of the row that it writes anyway. The trigger stays for
-- deliveries that come otherwise.
comment on column submissions.has_deliveries is
    'Whether a delivery of it was ever planned; set by the move that starts its deliveries, or else by a trigger of deliveries';
