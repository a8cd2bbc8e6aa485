/* A telephone line with a fax machine at its end, in software and faster than life.
 *
 *   HylaFAX  <-- AT+FCLASS=1 on a pty -->  T.31 modem  <-- 8 kHz audio -->  T.30 receiver  -->  TIFF
 *
 * What the called party does is chosen by the last four digits that were dialled (see `parties`). Each call leaves one line
 * of JSON in OUT/calls.jsonl when it is over; pages that were received lie in OUT as TIFF.
 *
 *   line -d /dev/ttyVK0 -o OUT [-x SPEED] [-n NOISE_DBM0]
 *
 * Needs libspandsp (Debian: libspandsp-dev 0.0.6), for both the modem and the receiver.
 */
#define _GNU_SOURCE
#define SPANDSP_EXPOSE_INTERNAL_STRUCTURES
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <tiffio.h>
#include <unistd.h>
#include <spandsp.h>

#define RATE 8000               /* samples a second, of the line's own time */
#define SLICE 160               /* samples that are made at a time: 20 ms */
#define BEHIND_MAX_NS 500000000 /* a machine that is late by more does not catch up: time is stretched instead */

struct party {
    const char *digits, *name;
    int ring_ms;                /* from dialling to whatever happens */
    int event;                  /* what the modem is told then */
    int machine;                /* a fax machine answers */
};

static const struct party parties[] = {
    {"0001", "busy", 1000, AT_CALL_EVENT_BUSY, 0},
    {"0002", "no answer", 20000, AT_CALL_EVENT_NO_ANSWER, 0},
    {"0003", "no dial tone", 500, AT_CALL_EVENT_NO_DIALTONE, 0},
    {"0004", "voice", 2000, AT_CALL_EVENT_CONNECTED, 0},
    {"0005", "dropped", 2000, AT_CALL_EVENT_CONNECTED, 1},
    {"0006", "noise", 2000, AT_CALL_EVENT_CONNECTED, 1},
    {"0007", "no ecm", 2000, AT_CALL_EVENT_CONNECTED, 1},
    {"0008", "modem error", 0, -1, 0},
    {NULL, "good", 2000, AT_CALL_EVENT_CONNECTED, 1},
};

/* The one line of this process. */
static struct {
    int pty, may_read;
    t31_state_t *modem;
    fax_state_t *machine;
    awgn_state_t *hiss;
    const struct party *party;  /* NULL: on the hook */
    int answered;
    int64_t samples, until_answer, ended_at;
    char number[64], tiff[600], result[120];
    int pages, bit_rate, ecm, calls;
    struct timespec dialled;
} line;

static const char *out_dir = ".";
static FILE *calls;
static volatile sig_atomic_t stopping;

static const struct party *called(const char *number)
{
    size_t length = strlen(number);
    const char *end = length >= 4 ? number + length - 4 : number;
    const struct party *p = parties;
    while (p->digits && strcmp(p->digits, end) != 0)
        p++;
    return p;
}

static void hang_up(void)
{
    struct timespec now;
    if (!line.party)
        return;
    if (line.machine) {
        t30_terminate(fax_get_t30_state(line.machine));
        fax_free(line.machine);
        line.machine = NULL;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(calls,
            "{\"call\":%d,\"number\":\"%s\",\"party\":\"%s\",\"result\":\"%s\",\"pages\":%d,\"bit_rate\":%d,\"ecm\":%s,"
            "\"file\":\"%s\",\"line_s\":%.2f,\"wall_s\":%.2f}\n",
            line.calls, line.number, line.party->name, line.result, line.pages, line.bit_rate, line.ecm ? "true" : "false",
            line.tiff, (double) line.samples / RATE,
            (double) (now.tv_sec - line.dialled.tv_sec) + (double) (now.tv_nsec - line.dialled.tv_nsec) / 1e9);
    fflush(calls);
    line.party = NULL;
}

/* The receiver has finished, well or not. */
static void received(t30_state_t *t30, void *user, int result)
{
    t30_stats_t stats;
    (void) user;
    t30_get_transfer_statistics(t30, &stats);
    snprintf(line.result, sizeof line.result, "%s", t30_completion_code_to_str(result));
    line.pages = stats.pages_rx;
    line.bit_rate = stats.bit_rate;
    line.ecm = stats.error_correcting_mode;
    line.ended_at = line.samples;
}

static void lift(void)
{
    t30_state_t *t30;
    int plain = strcmp(line.party->name, "no ecm") == 0;
    line.answered = 1;
    if (line.party->event != AT_CALL_EVENT_CONNECTED) {
        int event = line.party->event;
        hang_up();
        t31_call_event(line.modem, event);
        return;
    }
    if (line.party->machine) {
        snprintf(line.tiff, sizeof line.tiff, "%s/%04d-%s.tif", out_dir, line.calls, line.number);
        line.machine = fax_init(NULL, FALSE);
        fax_set_transmit_on_idle(line.machine, TRUE);
        t30 = fax_get_t30_state(line.machine);
        t30_set_tx_ident(t30, line.number);
        t30_set_rx_file(t30, line.tiff, -1);
        t30_set_phase_e_handler(t30, received, NULL);
        t30_set_supported_modems(t30, T30_SUPPORT_V27TER | T30_SUPPORT_V29 | (plain ? 0 : T30_SUPPORT_V17));
        t30_set_ecm_capability(t30, !plain);
        t30_set_supported_compressions(t30, T30_SUPPORT_T4_1D_COMPRESSION | T30_SUPPORT_T4_2D_COMPRESSION
                                                | T30_SUPPORT_T6_COMPRESSION);
        t30_set_supported_resolutions(t30, T30_SUPPORT_STANDARD_RESOLUTION | T30_SUPPORT_FINE_RESOLUTION
                                               | T30_SUPPORT_R8_RESOLUTION);
        t30_set_supported_image_sizes(t30, T30_SUPPORT_215MM_WIDTH | T30_SUPPORT_A4_LENGTH | T30_SUPPORT_UNLIMITED_LENGTH);
    }
    t31_call_event(line.modem, AT_CALL_EVENT_CONNECTED);
}

/* The modem asks the line for something. */
static int control(t31_state_t *modem, void *user, int what, const char *argument)
{
    (void) modem;
    (void) user;
    switch (what) {
    case AT_MODEM_CONTROL_CALL:
        line.calls++;
        snprintf(line.number, sizeof line.number, "%s", argument);
        line.party = called(line.number);
        line.answered = 0;
        line.samples = line.ended_at = 0;
        line.pages = line.bit_rate = line.ecm = 0;
        line.result[0] = line.tiff[0] = 0;
        line.until_answer = (int64_t) line.party->ring_ms * RATE / 1000;
        clock_gettime(CLOCK_MONOTONIC, &line.dialled);
        if (line.party->event < 0) {
            hang_up();
            return -1;
        }
        return 0;
    case AT_MODEM_CONTROL_HANGUP:
        hang_up();
        return 0;
    case AT_MODEM_CONTROL_CTS:
        line.may_read = argument != NULL;
        return 0;
    default:
        return 0;
    }
}

/* The modem's words to HylaFAX. */
static int to_host(at_state_t *at, void *user, const uint8_t *bytes, size_t length)
{
    size_t done = 0;
    (void) at;
    (void) user;
    while (done < length && !stopping) {
        ssize_t n = write(line.pty, bytes + done, length - done);
        if (n > 0)
            done += (size_t) n;
        else if (errno == EAGAIN)
            usleep(1000);
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

static void from_host(void)
{
    char bytes[256];
    ssize_t n = read(line.pty, bytes, sizeof bytes);
    if (n > 0)
        t31_at_rx(line.modem, bytes, (int) n);
}

/* 20 ms of the line. */
static void slice(void)
{
    int16_t there[SLICE] = {0}, back[SLICE] = {0};
    int n, i;
    if (line.party && !line.answered && (line.until_answer -= SLICE) <= 0)
        lift();
    n = t31_tx(line.modem, there, SLICE);
    if (n < SLICE)
        memset(there + n, 0, sizeof(int16_t) * (size_t) (SLICE - n));
    if (line.party && line.answered) {
        line.samples += SLICE;
        if (line.machine) {
            n = fax_tx(line.machine, back, SLICE);
            if (n < SLICE)
                memset(back + n, 0, sizeof(int16_t) * (size_t) (SLICE - n));
        }
        /* Bursts of 100 ms, every 3 s, once the machines have found each other. */
        if (strcmp(line.party->name, "noise") == 0 && line.samples > 10 * RATE && line.samples % (3 * RATE) < RATE / 10)
            for (i = 0; i < SLICE; i++)
                there[i] = saturate(there[i] + awgn(line.hiss));
        if (line.machine)
            fax_rx(line.machine, there, SLICE);
    }
    t31_rx(line.modem, back, SLICE);
    if (line.party && line.answered) {
        int drop = strcmp(line.party->name, "dropped") == 0 && line.samples > 8 * RATE;
        int over = line.ended_at && line.samples - line.ended_at > 3 * RATE;
        if (drop || over) {
            hang_up();
            t31_call_event(line.modem, AT_CALL_EVENT_HANGUP);
        }
    }
}

static int open_device(const char *device, const char *owner)
{
    struct termios raw;
    struct passwd *pw = getpwnam(owner);
    int far;
    if ((line.pty = posix_openpt(O_RDWR | O_NOCTTY)) < 0 || grantpt(line.pty) || unlockpt(line.pty))
        return -1;
    /* Held open: else each close by HylaFAX is an error here. */
    if ((far = open(ptsname(line.pty), O_RDWR | O_NOCTTY)) < 0)
        return -1;
    tcgetattr(far, &raw);
    cfmakeraw(&raw);
    tcsetattr(far, TCSANOW, &raw);
    if (pw && chown(ptsname(line.pty), pw->pw_uid, pw->pw_gid))
        return -1;
    if (chmod(ptsname(line.pty), 0660) || fcntl(line.pty, F_SETFL, O_NONBLOCK))
        return -1;
    unlink(device);
    return symlink(ptsname(line.pty), device);
}

static void stop(int signal)
{
    (void) signal;
    stopping = 1;
}

int main(int argc, char *argv[])
{
    const char *device = NULL, *owner = "uucp";
    double speed = 1.0;
    float noise = -12.0f;
    char path[600];
    struct timespec next;
    int option;
    while ((option = getopt(argc, argv, "d:o:x:n:u:")) != -1) {
        switch (option) {
        case 'd': device = optarg; break;
        case 'o': out_dir = optarg; break;
        case 'x': speed = atof(optarg); break;
        case 'n': noise = (float) atof(optarg); break;
        case 'u': owner = optarg; break;
        default: return 2;
        }
    }
    if (!device || speed <= 0)
        return 2;
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    mkdir(out_dir, 0755);
    snprintf(path, sizeof path, "%s/calls.jsonl", out_dir);
    if (!(calls = fopen(path, "a")) || open_device(device, owner)) {
        perror(device);
        return 1;
    }
    line.may_read = 1;
    line.modem = t31_init(NULL, to_host, NULL, control, NULL, NULL, NULL);
    line.hiss = awgn_init_dbm0(NULL, 20260914, noise);
    t31_set_transmit_on_idle(line.modem, TRUE);
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!stopping) {
        struct pollfd host = {line.pty, POLLIN, 0};
        struct timespec now;
        int64_t early;
        clock_gettime(CLOCK_MONOTONIC, &now);
        early = (int64_t) (next.tv_sec - now.tv_sec) * 1000000000 + (next.tv_nsec - now.tv_nsec);
        if (early > 0) {
            struct timespec wait = {0, (long) early};
            if (!line.may_read)
                nanosleep(&wait, NULL);
            else if (ppoll(&host, 1, &wait, NULL) > 0 && (host.revents & POLLIN))
                from_host();
            continue;
        }
        if (line.may_read)
            from_host();
        if (early < -BEHIND_MAX_NS)
            next = now;
        slice();
        next.tv_nsec += (long) (20e6 / speed);
        while (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
    }
    unlink(device);
    return 0;
}
