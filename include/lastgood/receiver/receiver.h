// The front door as a process of its own: `lastgood receiver`, started by the daemon (host.h).
//
// It does HTTP, checks signatures and turns payloads into deliveries; the daemon records and
// decides. Order of each request: size, signature over the raw bytes, JSON, the daemon's answer. It
// holds no state; when it dies the daemon starts it again while the listening socket stays open.
#pragma once

namespace lastgood::receiver {

// Descriptor 3 is the listening TCP socket, 4 the channel to the daemon (SOCK_SEQPACKET), whose
// first message is the settings. Ends with the channel or with SIGTERM, after answering what it
// holds. Returns the exit code.
int receiver_main();

}  // namespace lastgood::receiver
