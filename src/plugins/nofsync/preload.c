/*
 * Calls that wait for the disk, without the waiting: loaded by the dynamic linker before libc.
 *
 * Nothing is linked, not even libc, and the symbols used have no version: whatever libc a root
 * has, this can be loaded. A descriptor that is not open is still an error (EBADF): fcntl() is
 * asked, and sets errno.
 */

#define PUBLIC __attribute__((visibility("default")))

extern int fcntl(int fd, int command, ...);
extern int mincore(void *address, unsigned long length, unsigned char *vector);

static const int f_getfd = 1; /* F_GETFD, the same on every Linux */

static int is_open(int fd)
{
	return fcntl(fd, f_getfd) < 0 ? -1 : 0;
}

PUBLIC int fsync(int fd)
{
	return is_open(fd);
}

PUBLIC int fdatasync(int fd)
{
	return is_open(fd);
}

PUBLIC int syncfs(int fd)
{
	return is_open(fd);
}

PUBLIC void sync(void)
{
}

PUBLIC int sync_file_range(int fd, long long offset, long long length, unsigned int flags)
{
	(void)offset;
	(void)length;
	(void)flags;
	return is_open(fd);
}

/* Programs also ask it whether memory is mapped, and at a page: mincore() knows both. */
PUBLIC int msync(void *address, unsigned long length, int flags)
{
	unsigned char resident;

	(void)flags;
	return length ? mincore(address, 1, &resident) : 0;
}
