use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").unwrap_or("8080".to_string());
    let listener = TcpListener::bind(format!("0.0.0.0:{port}"))?;
    for stream in listener.incoming() {
        let mut stream = stream?;
        let lines = BufReader::new(stream.try_clone()?).lines();
        let head: Vec<String> = lines.map_while(Result::ok).take_while(|l| !l.is_empty()).collect();
        let health = head.first().is_some_and(|line| line.contains("/healthz"));
        let body = if health { "fine" } else { "hello from rust" };
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    }
    Ok(())
}
