/*
 * A small SCTP client and server on usrsctp: a real userland SCTP stack over raw IP sockets, for kernels without SCTP.
 *
 * sctp server PORT                                 answers every message with itself, until it is ended
 * sctp client ADDRESS PORT LOCAL-PORT MESSAGES     exit 0: all answered; 3: refused (ABORT); 4: no answer
 * Build: gcc sctp.c -lusrsctp -lpthread (Debian: libusrsctp-dev).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <usrsctp.h>

/* The stack goes on after an association ended: time for the last chunks. */
static void finish(int code) {
  usleep(300000);
  _exit(code);
}

static void late(int signal) {
  (void)signal;
  _exit(4);
}

static socklen_t make_address(const char *text, int port, struct sockaddr_storage *out) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)out;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  memset(out, 0, sizeof *out);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) exit(2);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  return sizeof *v6;
}

/* usrsctp writes through all of these pointers, wanted or not. */
static ssize_t receive(struct socket *from, char *buffer, size_t size, unsigned short *stream) {
  struct sockaddr_storage peer;
  struct sctp_rcvinfo info = {0};
  socklen_t peer_size = sizeof peer, info_size = sizeof info;
  unsigned int type = 0;
  int flags = 0;
  ssize_t got =
      usrsctp_recvv(from, buffer, size, (struct sockaddr *)&peer, &peer_size, &info, &info_size, &type, &flags);
  if (type == SCTP_RECVV_RCVINFO) *stream = info.rcv_sid;
  return got;
}

/* Tells the stream of each message. */
static void want_info(struct socket *socket) {
  const int on = 1;
  usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
}

static void serve(int port) {
  struct sockaddr_storage any;
  socklen_t size = make_address("::", port, &any);
  struct socket *listener = usrsctp_socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
  if (!listener || usrsctp_bind(listener, (struct sockaddr *)&any, size) || usrsctp_listen(listener, 8)) {
    perror("listen");
    exit(1);
  }
  for (;;) {
    struct socket *peer = usrsctp_accept(listener, NULL, NULL);
    if (!peer) continue;
    want_info(peer);
    char buffer[4096];
    unsigned short stream = 0;
    for (ssize_t got; (got = receive(peer, buffer, sizeof buffer, &stream)) > 0;) {
      struct sctp_sndinfo send = {.snd_sid = stream};
      usrsctp_sendv(peer, buffer, got, NULL, 0, &send, sizeof send, SCTP_SENDV_SNDINFO, 0);
    }
    usrsctp_close(peer);
  }
}

static void ask(const char *text, int port, int local_port, int messages) {
  struct sockaddr_storage local, remote;
  socklen_t size = make_address(text, port, &remote);
  struct socket *client = usrsctp_socket(remote.ss_family, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
  make_address(remote.ss_family == AF_INET ? "0.0.0.0" : "::", local_port, &local);
  if (!client || usrsctp_bind(client, (struct sockaddr *)&local, size)) {
    perror("bind");
    exit(1);
  }
  if (usrsctp_connect(client, (struct sockaddr *)&remote, size)) finish(errno == ECONNREFUSED ? 3 : 4);
  for (int i = 0; i < messages; i++) {
    char buffer[4096];
    unsigned short stream = i % 2;
    struct sctp_sndinfo info = {.snd_sid = stream};
    int length = snprintf(buffer, sizeof buffer, "message %d of %d", i + 1, messages);
    if (usrsctp_sendv(client, buffer, length, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0) < 0) finish(4);
    if (receive(client, buffer, sizeof buffer, &stream) <= 0) finish(4);
  }
  usrsctp_close(client);
  finish(0);
}

int main(int count, char **argument) {
  usrsctp_init(0, NULL, NULL);
  usrsctp_sysctl_set_sctp_blackhole(0);
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_rto_initial_default(500);
  if (count == 3 && !strcmp(argument[1], "server")) serve(atoi(argument[2]));
  if (count != 6 || strcmp(argument[1], "client")) return 2;
  signal(SIGALRM, late);
  alarm(3);
  ask(argument[2], atoi(argument[3]), atoi(argument[4]), atoi(argument[5]));
  return 0;
}
