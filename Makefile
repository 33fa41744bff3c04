# The commands for people and CI. Each is a script in deploy/local/, described at its head.
.DEFAULT_GOAL := help
.PHONY: help run stop check test test-trixie measure chaos chaos-handoff bench-mix bench-ladder bench-settings bench-seams bench-workers bench-verdict bench-long bench-upload bench-pages bench-entrants bench-fingerprint bench-control bench-growth servers servers-stop garage garage-stop sqlx reference clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, build, serve all roles here, enter four samples; ONCE=1 ends after the table
	@ONCE=$(ONCE) deploy/local/run.sh

stop: ## end what `make run` started
	@deploy/local/stop.sh

check: ## the quick loop: format, lints, and tests of what changed since origin/main; BASE names another commit
	@deploy/local/check.sh $(ARGS)

test: ## format, licences, lints and every test; ARGS="-E 'package(pipeline)'" narrows the tests
	@deploy/local/test.sh $(ARGS)

test-trixie: ## tests of media with the field cases, of transcode, of the desk and the pages, the compose file and the demo, on Debian trixie as in the image; as root; STEPS='prepare servers' does less
	@deploy/local/test-trixie.sh $(STEPS)

measure: ## memory of 16 uploads at once and the cost of an idle serve, with the release build
	@deploy/local/measure.sh

chaos: ## 200 faults over 300 real entries: processes killed, stopped, cut off, disks full; SEED=7 FAULTS=12 ENTRIES=15 is a short run
	@SEED=$(SEED) FAULTS=$(FAULTS) ENTRIES=$(ENTRIES) deploy/local/chaos.sh

chaos-handoff: ## 1,000 deliveries by every method under all faults at once; DELIVERIES=60 SEED=7 choose another plan
	@DELIVERIES=$(DELIVERIES) SEED=$(SEED) deploy/local/chaos-handoff.sh

bench-mix: ## a contest's mix of entries against scripts of ffmpeg; LENGTH_S, PAIRS, SIZE, FOOTAGE, CORES as its head says
bench-ladder: ## one entry's ladder against one ffmpeg command
bench-settings: ## which quicker settings of x264 are as good as each rung's own, and for which pictures; SECONDS, GRAINS, RUNGS as its head says
bench-seams: ## the cost of cuts: quality, bitrate and the decoder's buffer against one piece
bench-workers: ## one entry with 1, 2 and 4 transcode workers
bench-verdict: ## how soon after its last byte the verdict on a film of 500 MB is shown, and the cost of decoding all of it
bench-long: ## the longest entry: memory, scratch, progress; CALM=1 is a tenth of the work
bench-upload: ## 16 uploads at once to one S3 server, against @tus/server; UPLOADS=4 MIB=16 PAIRS=1 is a short one
bench-pages: ## pages of staff with 10,000 works waiting, beside a running encode, and bytes until the first paint; WORKS=1000 is a short one
bench-entrants: ## 500 entrants over 50 addresses in ten minutes, 64 uploads at once; ENTRANTS=40 SECONDS=40 UPLOADS=8 MOST=6 is a short one
bench-mix bench-ladder bench-settings bench-seams bench-workers bench-verdict bench-long bench-upload bench-pages bench-entrants:
	@deploy/local/bench.sh $(@:bench-%=%)

bench-fingerprint: ## copies found, unrelated films mistaken for copies, searches among 100,000 entries; ORIGINALS=20 ENTRIES=5000 is a short one
	@deploy/local/bench-postgres.sh bench-fingerprint

bench-control: ## the control plane with stubbed media: parts/s, hops, memory, nothing lost or doubled; ENTRIES=5000 is a short one
	@deploy/local/bench-control.sh

bench-growth: ## hot queries with up to a million works beside an empty database, the sample, claims, the removal; ENTRIES=100000 is a short one
	@POSTGRES_SETTINGS="-c shared_buffers=1GB -c max_wal_size=8GB" deploy/local/bench-postgres.sh growth

servers: ## private PostgreSQL and RabbitMQ for development; prints their addresses
	@deploy/local/neighbours.sh start .local/dev

servers-stop: ## end them
	@deploy/local/neighbours.sh stop .local/dev

garage: ## a private Garage, the second S3 server that the tests run on; installs it with cargo if missing
	@deploy/local/garage.sh start .local/garage

garage-stop: ## end it
	@deploy/local/garage.sh stop .local/garage

sqlx: ## describe all checked queries again in .sqlx (after changing SQL or a migration)
	@deploy/local/sqlx.sh

reference: ## write deploy/REFERENCE.md, all commands, options and variables, from the program
	@deploy/local/reference.sh

clean: stop ## end what runs and remove .local/ with all its data (not target/)
	@deploy/local/clean.sh
