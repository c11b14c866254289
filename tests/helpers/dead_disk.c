/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preloaded into a program: whatever it opens or looks at below $DEAD_DISK hangs, as on a disk that does not answer. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
wait_for_disk (const char *path)
{
  const char *dead = getenv ("DEAD_DISK");

  while (dead != NULL && path != NULL && strncmp (path, dead, strlen (dead)) == 0)
    pause ();
}

#define NEXT(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

int
open (const char *path, int flags, ...)
{
  va_list more;
  mode_t mode;

  va_start (more, flags);
  mode = va_arg (more, mode_t);
  va_end (more);
  wait_for_disk (path);
  return NEXT (open) (path, flags, mode);
}

int
open64 (const char *path, int flags, ...)
{
  va_list more;
  mode_t mode;

  va_start (more, flags);
  mode = va_arg (more, mode_t);
  va_end (more);
  wait_for_disk (path);
  return NEXT (open64) (path, flags, mode);
}

int
statx (int folder, const char *restrict path, int flags, unsigned int mask, struct statx *restrict found)
{
  wait_for_disk (path);
  return NEXT (statx) (folder, path, flags, mask, found);
}

int
stat64 (const char *restrict path, struct stat64 *restrict found)
{
  wait_for_disk (path);
  return NEXT (stat64) (path, found);
}

int
lstat64 (const char *restrict path, struct stat64 *restrict found)
{
  wait_for_disk (path);
  return NEXT (lstat64) (path, found);
}

DIR *
opendir (const char *path)
{
  wait_for_disk (path);
  return NEXT (opendir) (path);
}

int
mkdir (const char *path, mode_t mode)
{
  wait_for_disk (path);
  return NEXT (mkdir) (path, mode);
}

int
unlink (const char *path)
{
  wait_for_disk (path);
  return NEXT (unlink) (path);
}

int
rename (const char *from, const char *to)
{
  wait_for_disk (from);
  return NEXT (rename) (from, to);
}
