# Sourced by run.sh: the partners' side of the demo. Emulators stand in for the two platforms with an API, openssh's sshd for the three
# partners with a drop; and the demo does what people of partners and operators would do: drop receipts, pull the feed,
# confirm a publishing, report public addresses. Nothing leaves this machine, and every address in it is made up.
# Uses $local, $here, $binary, $reelmill, $publish_port, and from demo.sh $ids and field_of.

sftp_partners=(yangshipin cctv guangming)

partners_by_hand='by hand: the bag is ready; the demo reported it for the operator'

# How each partner receives a work here, for the table.
declare -A partners_way=(
    [bilibili]='its API, by our emulator of the platform'
    [douyin]='its API, by our emulator of the platform; the demo said yes for the operator'
    [weixin_channels]=$partners_by_hand
    [gongxin_weibao]=$partners_by_hand
    [yangshipin]='SFTP to an sshd of our own; the demo dropped the receipt'
    [cctv]='SFTP with ADI 1.1 to an sshd of our own; the demo dropped the receipt'
    [guangming]='SFTP to an sshd of our own; the demo dropped the receipt'
    [china_com_cn]='MRSS feed of ours, which the demo pulled with curl'
    [tiangong]='a bucket of its own'
)

# An address that cannot be mistaken for a real one.
partners_address() { echo "https://demo.example/$1/$2"; }

# Reports entry $2 at partner $1, as an operator does after seeing it there. A made-up address is not the partner's own, so the evidence is
# a picture: the storyboard.
partners_report() {
    local pictures=$local/pictures/$2
    "$reelmill" preview "$2" --out "$pictures" </dev/null >/dev/null &&
        "$reelmill" delivered "$2" --partner "$1" --receipt "demo-$2" --screenshot "$pictures/storyboard.jpg" </dev/null
}

# Starts them; their addresses and keys go into $local/env. Webhooks of the emulators go to port $1.
partners_start() {
    local port=$1 emulators=$local/run/emulators partner name
    rm -f "$emulators.json" "$emulators.fifo"
    # They end when their input closes; a FIFO that they hold open themselves never closes.
    mkfifo "$emulators.fifo"
    BILIBILI_WEBHOOK="http://127.0.0.1:$port/partners/bilibili/webhook" \
        DOUYIN_WEBHOOK="http://127.0.0.1:$port/partners/douyin/webhook" \
        setsid "${binary%/*}/platform-emulators" <>"$emulators.fifo" >"$emulators.json" 2>>"$local/log/emulators.log" &
    echo $! >"$local/run/emulators.pid"
    await_up emulators jq -e .douyin.url "$emulators.json"
    jq -r '.[].env | to_entries[] | "\(.key)=\(.value | @sh)"' "$emulators.json" >>"$local/env"

    "$here/sshd.sh" start "$local/sshd" >/dev/null
    for partner in "${sftp_partners[@]}"; do
        mkdir -p "$local/sshd/drop/$partner"
        name=PARTNER_${partner^^}_SFTP
        sed "s/^SFTP/$name/; s|^${name}_DIR=.*|&/$partner|" "$local/sshd/env" >>"$local/env"
    done

    # Chosen once, so that a feed's links survive a restart.
    [ -f "$local/feed_secrets" ] || (umask 077 && for name in TOKEN LINK_KEY; do
        echo "PARTNER_CHINA_COM_CN_FEED_$name=$(head -c 24 /dev/urandom | base64 -w0)"
    done >"$local/feed_secrets")
    cat "$local/feed_secrets" >>"$local/env"
    jq -r 'to_entries[] | "emulator of \(.key) (not the platform): \(.value.url)"' "$emulators.json"
    echo "SFTP server of three partners: 127.0.0.1:$(cat "$local/sshd/port"), their side is $local/sshd/drop"
}

# The emulators lose their state when they end, so our account is authorised again at each start.
partners_authorise() { "$reelmill" partner authorise bilibili; }

# Work $2 is complete at SFTP partner $1: the partner's system ingests it and answers, under another name first.
partners_receipt() {
    local partner=$1 id=$2 run folder=$local/sshd/drop/$1/$2
    for run in "$folder"/*/; do
        [ -f "$run/.done" ] && [ ! -f "$run/receipt.json" ] || continue
        jq -n --arg id "$id" --argjson run "$(basename "$run")" --arg url "$(partners_address "$partner" "$id")" \
            '{submission: $id, run: $run, status: "published", url: $url}' >"$run/receipt.tmp"
        mv "$run/receipt.tmp" "$run/receipt.json"
        echo "demo, as $partner: took the drop and answered with a receipt"
    done
}

# Pulls every file of work $1 that the feed offers, as a partner's reader would, and compares the sizes in the feed.
partners_pull() {
    local id=$1 token url bytes name
    token=$(sed -n 's/^PARTNER_CHINA_COM_CN_FEED_TOKEN=//p' "$local/feed_secrets")
    mkdir -p "$local/pulled"
    curl -fsS -H "Authorization: Bearer $token" -o "$local/pulled/feed.xml" \
        "http://127.0.0.1:$publish_port/partners/china_com_cn/feed.xml"
    python3 - "$local/pulled/feed.xml" "$id" >"$local/pulled/files" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree
for element in tree.parse(sys.argv[1]).iter():
    url = element.get("url", "")
    if element.tag.rpartition("}")[2] in ("content", "thumbnail") and sys.argv[2] in url:
        print(url, element.get("fileSize", "-"))
PYTHON
    while read -r url bytes; do
        name=$local/pulled/file
        curl -fsS -o "$name" "$url"
        [ "$bytes" = - ] || [ "$(stat -c %s "$name")" = "$bytes" ] || { echo "the feed says $bytes bytes of $url" >&2; return 1; }
    done <"$local/pulled/files"
    [ ! -s "$local/pulled/files" ] || echo "demo, as china_com_cn: pulled $(wc -l <"$local/pulled/files") files from the feed"
}

# Does the tasks of partners and operators for entry $1 until it is live everywhere. Parked parts do not continue by themselves.
partners_play() {
    local name=$1 id=${ids[$1]} deadline=$((SECONDS + 1800)) deliveries parked partner state pulled=''
    while [ $SECONDS -lt $deadline ]; do
        state=$(field_of "$name" .state) || return 1
        [ "$state" != rejected ] || { echo "$name: rejected" >&2; return 1; }
        deliveries=$(field_of "$name" '.deliveries[] | [.partner, .state] | @tsv') || return 1
        parked=$(field_of "$name" '[.parts[] | select(.status == "parked") | .part] | join(", ")') || return 1
        [ -z "$parked" ] || { echo "$name: parked: $parked" >&2; return 1; }
        if [ -n "$deliveries" ] && ! grep -qv $'\tlive$' <<<"$deliveries"; then
            await "$name" '.state == "published"'
            return
        fi
        while IFS=$'\t' read -r partner state; do
            case $partner:$state in
            yangshipin:in_review | cctv:in_review | guangming:in_review) partners_receipt "$partner" "$id" ;;
            china_com_cn:in_review) [ -n "$pulled" ] || { partners_pull "$id" && pulled=yes; } ;;
            douyin:awaiting_operator)
                "$reelmill" confirm "$id" --partner douyin </dev/null
                echo "demo, as operator: said yes to douyin"
                ;;
            *:awaiting_operator)
                partners_report "$partner" "$id" || return 1
                echo "demo, as operator: reported $partner with a picture of the work"
                partners_way[$partner]=$partners_by_hand
                ;;
            *:refused | *:recalled | *:recalling) echo "$name: $partner is $state" >&2; return 1 ;;
            esac
        done <<<"$deliveries"
        sleep 1
    done
    echo "$name is not live everywhere after half an hour: $deliveries" >&2
    return 1
}

# The result for entry $1 at each partner, and the method.
partners_table() {
    local partner state url
    echo "$1: how each partner got it in this demo (every address is made up)"
    while IFS=$'\t' read -r partner state url; do
        printf '  %-16s %-18s %s%s\n' "$partner" "$state" "${partners_way[$partner]}" "${url:+ ($url)}"
    done < <(field_of "$1" '.deliveries[] | [.partner, .state, .public_url // ""] | @tsv')
}
