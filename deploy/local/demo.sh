# Sourced by run.sh: submits the four samples as an entrant would, opens the gates as an organiser would, and checks the result.
# Uses $reelmill, $local and partners.sh; sets $ids.

declare -A ids=()
declare -A expected=([landscape]=delivered [portrait]=delivered [short]=too_short [low]=resolution_too_low)
demo_order=(landscape portrait short low)

# One field of an entry, by a jq expression.
field_of() { "$reelmill" status "${ids[$1]}" --output json | jq -r "$2"; }

# Waits until the jq condition $2 holds for entry $1, printing each change of state. A parked part does not continue by
# itself, and an hour is longer than a slow machine needs.
await() {
    local name=$1 seen='' now deadline=$((SECONDS + 3600))
    while [ $SECONDS -lt $deadline ]; do
        now=$(field_of "$name" "[.state, ($2), ([.parts[] | select(.status == \"parked\")] | length)] | @tsv") || return 1
        [ "${now%%$'\t'*}" = "$seen" ] || { seen=${now%%$'\t'*}; echo "$name: $seen"; }
        case $now in
        *$'\t'true$'\t'*) return 0 ;;
        *$'\t'0) sleep 1 ;;
        *) echo "$name: a part is parked" >&2; return 1 ;;
        esac
    done
    echo "$name is still in state $seen after an hour" >&2
    return 1
}

# The contest refuses a file that it already has, and a second `make run` enters the same films. So each run enters a copy
# of its own, with a `free` box of eight random bytes at the end. The picture is unchanged: screening reports the duplicate, and the
# review accepts it all the same.
demo_submit() {
    local name=$1 title=$2 theme=$3 code=0 copy=$local/samples/run/$1.mp4
    mkdir -p "${copy%/*}"
    { cat "$local/samples/$name.mp4" && printf '\0\0\0\20free' && head -c 8 /dev/urandom; } >"$copy"
    ids[$name]=$("$reelmill" submit "$copy" --contest demo --title "$title" --theme "$theme" \
        --synopsis '样片，由 make run 生成。' --unit '映工场示例单位' --name '张三' --phone 13800000000 --email demo@example.com \
        --original --rights --ai none --wait --again) || code=$?
    # 3: refused, as expected for two of the four.
    [ $code = 0 ] || [ $code = 3 ] || { echo "submitting $name failed ($code)" >&2; return 1; }
}

# At least six characters: one partner's minimum for titles.
demo_submit landscape '钢铁是有颜色的' 高端升级
[ "$(field_of landscape .state)" != awaiting_review ] || "$reelmill" review accept "${ids[landscape]}"
demo_submit portrait '竖过来看一座工厂' 数智赋能
[ "$(field_of portrait .state)" != awaiting_review ] || "$reelmill" review accept "${ids[portrait]}"
demo_submit short '二十秒' 绿色低碳
demo_submit low '七百二十线' 绿色低碳
for name in landscape portrait; do
    await "$name" '.state == "awaiting_release" or .state == "rejected"' || continue
    [ "$(field_of "$name" .state)" != awaiting_release ] || "$reelmill" release "${ids[$name]}"
done
for name in landscape portrait; do partners_play "$name" || true; done

demo_table() {
    "$reelmill" status
    for name in "${demo_order[@]}"; do
        echo
        "$reelmill" status "${ids[$name]}"
    done
    for name in landscape portrait; do
        echo
        partners_table "$name"
    done
    [ -z "$s3_private" ] || printf '\nobjects lie under %s/<bucket>/<key>\n' "$local/s3"
}

# Succeeds if each of the four ended as $expected says.
demo_verdict() {
    local name got wrong=0
    for name in "${demo_order[@]}"; do
        if [ "${expected[$name]}" = delivered ]; then
            got=$(field_of "$name" 'if .state == "published" and (.renditions | length) > 0
                and all(.renditions[].qc; length > 0 and all(.[]; .outcome == "pass"))
                and (.deliveries | length == 9 and all(.[]; .state == "live"))
                then "delivered" else "not delivered" end')
        else
            got=$(field_of "$name" 'if .state == "rejected" then .rejection.code else .state end')
        fi
        [ "$got" = "${expected[$name]}" ] || { echo "$name: expected ${expected[$name]}, got $got" >&2; wrong=1; }
    done
    return $wrong
}
