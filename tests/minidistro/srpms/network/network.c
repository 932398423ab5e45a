/* Prints which network there is:
 *
 *   NETWORK-INTERFACE: lo up
 *   NETWORK-LOOPBACK: ok
 *   NETWORK-OUTSIDE: Network is unreachable
 *   NETWORK-NAMES: Temporary failure in name resolution
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void interfaces(void)
{
    struct if_nameindex *list = if_nameindex();
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (!list) {
        printf("NETWORK-INTERFACE: none: %s\n", strerror(errno));
        return;
    }
    for (struct if_nameindex *i = list; i->if_name; i++) {
        struct ifreq request = { 0 };
        strncpy(request.ifr_name, i->if_name, IFNAMSIZ - 1);
        int up = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
        printf("NETWORK-INTERFACE: %s %s\n", i->if_name, up ? "up" : "down");
    }
    if_freenameindex(list);
    close(fd);
}

/* A server and its client in one process: bytes go through the interface lo. */
static const char *loopback(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    char buffer[6] = "";
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&address, length) || listen(server, 1)
        || getsockname(server, (struct sockaddr *)&address, &length)
        || connect(client, (struct sockaddr *)&address, length))
        return strerror(errno);
    int peer = accept(server, NULL, NULL);
    if (peer < 0 || write(client, "hello", 5) != 5 || read(peer, buffer, 5) != 5)
        return strerror(errno);
    return strcmp(buffer, "hello") ? "wrong bytes" : "ok";
}

/* 192.0.2.1 is reserved for documentation: nobody is disturbed, but with a network
 * the route exists and the connection is attempted. */
static const char *outside(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };
    inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return "connected";
    if (errno == EINPROGRESS)
        return "there is a route";
    return strerror(errno);
}

static const char *names(void)
{
    struct addrinfo *result;
    int error = getaddrinfo("example.org", NULL, NULL, &result);
    return error ? gai_strerror(error) : "resolved";
}

int main(void)
{
    interfaces();
    printf("NETWORK-LOOPBACK: %s\n", loopback());
    printf("NETWORK-OUTSIDE: %s\n", outside());
    printf("NETWORK-NAMES: %s\n", names());
    return 0;
}
