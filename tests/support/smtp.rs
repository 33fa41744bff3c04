//! A mail server for tests: accepts every mail over unencrypted SMTP (RFC 5321) on this machine, and keeps it.
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A running server. Its task ends with the test.
#[derive(Clone)]
pub(crate) struct Smtp {
    /// Its address, in the form of `SMTP_URL`.
    pub(crate) url: String,
    mails: Arc<Mutex<Vec<Mail>>>,
    /// Answers to the end of a mail, in order; afterwards every mail is accepted.
    answers: Arc<Mutex<Vec<&'static str>>>,
}

/// One mail as received.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// The recipient of the envelope.
    pub(crate) to: String,
    /// Headers and body as sent.
    text: String,
}

impl Mail {
    /// The text, which is sent in base64 since it is Chinese.
    pub(crate) fn body(&self) -> String {
        let (_, body) = self.text.split_once("\r\n\r\n").expect("a body");
        let body = body.replace(['\r', '\n'], "");
        let plain = BASE64.decode(body.trim_end_matches('.')).expect("base64");
        String::from_utf8(plain).expect("UTF-8")
    }

    /// The link in it.
    pub(crate) fn link(&self) -> String {
        self.body().lines().find(|line| line.starts_with("http")).expect("a link").to_owned()
    }
}

impl Smtp {
    /// Starts one on a free port. The first mails get these answers instead of being accepted, such as `451 later`.
    pub(crate) async fn start(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let smtp = Self { url, mails: Arc::default(), answers: Arc::new(Mutex::new(answers.to_vec())) };
        let serving = smtp.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let serving = serving.clone();
                // A client that disconnects is no error here.
                tokio::spawn(async move { serving.talk(connection).await.ok() });
            }
        });
        smtp
    }

    /// The accepted mails.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().expect("mails").clone()
    }

    async fn talk(&self, connection: TcpStream) -> std::io::Result<()> {
        let mut connection = BufReader::new(connection);
        connection.write_all(b"220 test ESMTP\r\n").await?;
        let (mut to, mut line) = (String::new(), String::new());
        loop {
            line.clear();
            if connection.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let answer = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => "250-test\r\n250 8BITMIME\r\n".to_owned(),
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    "250 ok\r\n".to_owned()
                }
                "DATA" => {
                    connection.write_all(b"354 go on\r\n").await?;
                    self.read(&mut connection, &to).await?
                }
                "QUIT" => return connection.write_all(b"221 bye\r\n").await,
                _ => "250 ok\r\n".to_owned(),
            };
            connection.write_all(answer.as_bytes()).await?;
        }
    }

    /// Reads a mail up to the line with a single dot; returns the answer to it.
    async fn read(&self, connection: &mut BufReader<TcpStream>, to: &str) -> std::io::Result<String> {
        let mut text = String::new();
        while !text.ends_with("\r\n.\r\n") {
            if connection.read_line(&mut text).await? == 0 {
                break;
            }
        }
        let mut answers = self.answers.lock().expect("answers");
        if answers.is_empty() {
            self.mails.lock().expect("mails").push(Mail { to: to.to_owned(), text });
            return Ok("250 taken\r\n".to_owned());
        }
        Ok(format!("{}\r\n", answers.remove(0)))
    }
}
