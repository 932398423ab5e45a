/* A file whose flushes take as long as those of a hard disk: a FUSE file system for slow_disk.py.
 *
 * usage: slow_disk BACKING DIRECTORY
 *
 * DIRECTORY/disk reads and writes BACKING. A write is in the drive's cache and done at once; a flush
 * (fsync), or a full cache, writes what is in the cache to the platters, in the order of the positions:
 * moving the head takes the longer the farther, then half a turn passes until the place comes by, then
 * the data runs at the speed of the medium. Requests that come meanwhile wait, as there is one arm.
 * Reads take no time: the benchmarks read what the kernel has in memory.
 *
 * Moving and turning are multiplied by a number that is written to DIRECTORY/control; at first it is 0,
 * then nothing takes any time. Reading that file gives the numbers of flushes, pieces and bytes written, and the seconds waited.
 */
#define FUSE_USE_VERSION 34
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

/* Bytes per second; seconds. */
#define MEDIUM 130e6
#define HALF_TURN (30.0 / 7200)
/* Within the file: a few gigabytes are a small part of a hard disk. */
#define SHORTEST_SEEK 0.0005
#define LONGEST_SEEK 0.003
#define CACHE (64 << 20)

enum { DISK = 2, CONTROL = 3 };
#define FOR_EVER 1e9

struct extent {
    off_t start, end;
};

static int backing;
static off_t size;
static struct extent *dirty;
static size_t dirty_count, dirty_room;
static off_t dirty_bytes, head;
static double factor;
static unsigned long flushes, pieces;
static unsigned long long bytes;
static double waited;

static int by_start(const void *a, const void *b)
{
    off_t left = ((const struct extent *)a)->start, right = ((const struct extent *)b)->start;
    return (left > right) - (left < right);
}

static double seek(off_t from, off_t to)
{
    return from == to ? 0 : SHORTEST_SEEK + (LONGEST_SEEK - SHORTEST_SEEK) * sqrt((double)llabs(to - from) / size);
}

/* Writes the cache to the platters. */
static void drain(void)
{
    double seconds = 0;
    size_t count = 0;
    int moving = 0;

    if (dirty_count == 0)
        return;
    qsort(dirty, dirty_count, sizeof *dirty, by_start);
    for (size_t i = 0; i < dirty_count; i++) {
        if (count > 0 && dirty[i].start <= dirty[count - 1].end) {
            if (dirty[i].end > dirty[count - 1].end)
                dirty[count - 1].end = dirty[i].end;
        } else {
            dirty[count++] = dirty[i];
        }
    }
    /* Upwards from where the head is, then the rest from the start. */
    size_t first = 0;
    while (first < count && dirty[first].start < head)
        first++;
    for (size_t i = 0; i < count; i++) {
        struct extent *next = &dirty[(first + i) % count];
        double jump = factor * (seek(head, next->start) + HALF_TURN);
        /* What is a little farther on comes by when the platter turns on. */
        double gap = (next->start - head) / MEDIUM;
        seconds += moving && gap >= 0 && gap < jump ? gap : jump;
        seconds += (next->end - next->start) / MEDIUM;
        bytes += next->end - next->start;
        head = next->end;
        moving = 1;
    }
    pieces += count;
    dirty_count = 0;
    dirty_bytes = 0;

    if (factor == 0)
        seconds = 0;
    waited += seconds;
    struct timespec time = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
        ;
}

static int attributes(fuse_ino_t ino, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_ino = ino;
    st->st_nlink = 1;
    st->st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0600;
    st->st_size = ino == DISK ? size : 0;
    st->st_blksize = 4096;
    return ino <= CONTROL ? 0 : ENOENT;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {.attr_timeout = FOR_EVER, .entry_timeout = FOR_EVER};
    (void)parent;
    entry.ino = !strcmp(name, "disk") ? DISK : !strcmp(name, "control") ? CONTROL : 0;
    if (entry.ino == 0) {
        fuse_reply_err(req, ENOENT);
        return;
    }
    attributes(entry.ino, &entry.attr);
    fuse_reply_entry(req, &entry);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
    struct stat st;
    (void)file;
    if (attributes(ino, &st))
        fuse_reply_err(req, ENOENT);
    else
        fuse_reply_attr(req, &st, FOR_EVER);
}

/* Opening for writing may want to truncate; nothing here changes its size. */
static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int what, struct fuse_file_info *file)
{
    (void)st, (void)what;
    do_getattr(req, ino, file);
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
    file->direct_io = ino == CONTROL;
    fuse_reply_open(req, file);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t length, off_t offset, struct fuse_file_info *file)
{
    char text[128];
    (void)file;
    if (ino == CONTROL) {
        int end = snprintf(text, sizeof text, "%lu %lu %llu %.6f\n", flushes, pieces, bytes, waited);
        fuse_reply_buf(req, text, offset == 0 && (size_t)end <= length ? end : 0);
        return;
    }
    char *data = malloc(length);
    ssize_t got = data ? pread(backing, data, length, offset) : -1;
    if (got < 0)
        fuse_reply_err(req, EIO);
    else
        fuse_reply_buf(req, data, got);
    free(data);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t length, off_t offset,
                     struct fuse_file_info *file)
{
    (void)file;
    if (ino == CONTROL) {
        char text[64] = "";
        memcpy(text, data, length < sizeof text ? length : sizeof text - 1);
        factor = atof(text);
        fuse_reply_write(req, length);
        return;
    }
    if (dirty_bytes + (off_t)length > CACHE)
        drain();
    if (dirty_count == dirty_room) {
        dirty_room = dirty_room ? 2 * dirty_room : 1024;
        dirty = realloc(dirty, dirty_room * sizeof *dirty);
        if (!dirty)
            abort();
    }
    ssize_t done = pwrite(backing, data, length, offset);
    if (done < 0) {
        fuse_reply_err(req, errno);
        return;
    }
    dirty[dirty_count++] = (struct extent){offset, offset + done};
    dirty_bytes += done;
    fuse_reply_write(req, done);
}

static void do_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *file)
{
    (void)datasync, (void)file;
    if (ino == DISK) {
        flushes++;
        drain();
    }
    fuse_reply_err(req, 0);
}

static void do_init(void *data, struct fuse_conn_info *connection)
{
    (void)data;
    connection->max_background = 64;
}

static const struct fuse_lowlevel_ops operations = {
    .init = do_init,
    .lookup = do_lookup,
    .getattr = do_getattr,
    .setattr = do_setattr,
    .open = do_open,
    .read = do_read,
    .write = do_write,
    .fsync = do_fsync,
};

int main(int argc, char **argv)
{
    struct stat st;
    if (argc != 3) {
        fprintf(stderr, "usage: %s BACKING DIRECTORY\n", argv[0]);
        return 2;
    }
    backing = open(argv[1], O_RDWR | O_CLOEXEC);
    if (backing < 0 || fstat(backing, &st)) {
        perror(argv[1]);
        return 1;
    }
    size = st.st_size;
    /* The kernel may want memory from pages that this process has to write. */
    prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);

    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    fuse_opt_add_arg(&args, argv[0]);
    fuse_opt_add_arg(&args, "-ofsname=slow_disk,subtype=mock-bench");
    struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, NULL);
    if (!session || fuse_session_mount(session, argv[2]))
        return 1;
    int status = fuse_session_loop(session);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    return status ? 1 : 0;
}
