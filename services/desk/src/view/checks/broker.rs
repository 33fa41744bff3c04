//! The broker: what waits in the queues, who consumes it, and whether the broker accepts messages.
use pages::Say;
use pipeline::lang::Lang;
use runtime::broker::{Broker, QueueState};

use super::finding::{ANSWERS_WITHIN, Both, Finding, both, said};

const NAME: Both = Both { zh: "队列", en: "queues" };

pub(super) fn away(error: &anyhow::Error) -> Finding {
    const NAME: Both = Both { zh: "RabbitMQ", en: "RabbitMQ" };
    const MEND: Both = Both {
        zh: "检查消息队列是否运行、地址是否正确",
        en: "check that the broker runs and that its address is correct",
    };
    Finding::bad(NAME, said(error), MEND)
}

pub(super) async fn queues(broker: &Broker) -> Vec<Finding> {
    const MEND: Both = Both {
        zh: "所指的队列若以别的方式声明过，可以删除：服务会重建并补齐。用户须有 configure、write、read 三种权限",
        en: "a queue that was declared differently may be deleted: the services declare it again and fill it. The user needs the permissions configure, write and read",
    };
    match tokio::time::timeout(ANSWERS_WITHIN, broker.examine()).await {
        Ok(Ok(queues)) => vec![waiting(&queues), messages(broker).await],
        Ok(Err(error)) => vec![Finding::bad(NAME, said(&error), MEND)],
        Err(_) => vec![Finding::bad(NAME, both("15 秒内没有回答", "no answer within 15 s"), MEND)],
    }
}

fn waiting(queues: &[QueueState]) -> Finding {
    const START: Both = Both {
        zh: "启动含该环节角色的服务：reelmill serve --roles …",
        en: "start a service with the role of that stage: reelmill serve --roles …",
    };
    let count: u32 = queues.iter().map(|queue| queue.messages).sum();
    let zh = format!("{} 个队列，{count} 条消息等待", queues.len());
    let en = format!("{} of them, {count} messages wait", queues.len());
    let deserted = queues.iter().filter(|it| it.messages > 0 && it.consumers == 0);
    let stages: Vec<_> = deserted.map(|it| it.stage.name()).collect();
    if stages.is_empty() {
        return Finding::good(NAME, both(zh, en));
    }
    // The command starts roles by their stable names.
    let words = Say::new(Lang::Zh);
    let named: Vec<_> = stages.iter().map(|stage| format!("{}（{stage}）", words.stage(stage))).collect();
    let found = both(
        format!("{zh}；以下环节没有进程处理：{}", named.join("、")),
        format!("{en}; no process handles {}", stages.join(", ")),
    );
    Finding::poor(NAME, found, START)
}

/// A broker that is short of memory or disk answers everything but blocks senders.
async fn messages(broker: &Broker) -> Finding {
    const NAME: Both = Both { zh: "消息", en: "messages" };
    const BLOCKED: Both = Both {
        zh: "`rabbitmqctl status` 说明是内存还是磁盘告警；请腾出空间",
        en: "`rabbitmqctl status` names a memory or disk alarm: free some",
    };
    match tokio::time::timeout(ANSWERS_WITHIN, broker.takes_messages()).await {
        Ok(Ok(())) => Finding::good(NAME, both("正常收取并确认", "the broker accepts and confirms them")),
        Ok(Err(error)) => {
            let found = both(format!("不收取消息：{error:#}"), format!("the broker accepts none: {error:#}"));
            Finding::bad(NAME, found, BLOCKED)
        }
        Err(_) => Finding::bad(NAME, both("15 秒内未收取消息", "the broker accepts none within 15 s"), BLOCKED),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::stage::Stage;

    use super::super::finding::Health;
    use super::*;

    fn queue(stage: Stage, messages: u32, consumers: u32) -> QueueState {
        QueueState { stage, messages, consumers }
    }

    #[test]
    fn messages_without_a_consumer_are_reported_with_their_stage() {
        let fine = [queue(Stage::Probe, 3, 1), queue(Stage::Transcode, 0, 0)];
        assert_eq!(waiting(&fine).health, Health::Good);
        let deserted = waiting(&[queue(Stage::Probe, 3, 1), queue(Stage::Transcode, 2, 0)]);
        assert!(deserted.found.zh.ends_with("以下环节没有进程处理：转码（transcode）"), "{}", deserted.found.zh);
        assert_eq!(
            (deserted.health, deserted.found.en.ends_with("no process handles transcode")),
            (Health::Poor, true)
        );
    }
}
