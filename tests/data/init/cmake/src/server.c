#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\nhello from c";

int main(void) {
    const char *port = getenv("PORT");
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons(port ? (unsigned short)atoi(port) : 7000);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 64) != 0) {
        perror("bind");
        return 1;
    }
    for (;;) {
        int client = accept(server, NULL, NULL);
        char head[4096];
        if (read(client, head, sizeof head) > 0) {
            if (write(client, answer, strlen(answer)) < 0) perror("write");
        }
        close(client);
    }
}
