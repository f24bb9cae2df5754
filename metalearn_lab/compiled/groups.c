// Groups of tasks side by side on the threads. The sums are taken in the order of the groups, so
// that they do not depend on the number of threads, nor on which of them did what.
#include <stdatomic.h>

PUBLIC int lanes(void) { return LANES; }

typedef struct {
  long count, groups, room;
  const void **in;
  void **out;
  real *sums;
  v *work;
  atomic_long next;
} Job;

// The next group that nobody has, until there is none. Each thread works in a seat of its own.
static void take_groups(Job *job, long seat) {
  for (long g; (g = atomic_fetch_add(&job->next, 1)) < job->groups;)
    group(g * LANES, job->count, job->in, job->out, job->sums + g * TOTAL, job->work + seat * job->room);
}

#ifdef ALONE
static void share(Job *job, int threads) { take_groups(job, 0); }
#else
#include <pthread.h>
#include <signal.h>
#include <time.h>

// Helpers sleep until a job is called out, and take groups of it if they wake up in time. The
// caller does not count on them: it takes groups itself until none is left, then waits only for
// those that a helper has begun. Where another process holds the core, such a wait may last
// hundreds of groups; helpers are then left asleep until it is little beside what was done since.
// Waking up takes as long as some groups, so a helper watches out for the next job before it falls
// asleep, for WATCH nanoseconds; but for a time of ALONE_AGAIN not at all after a sign that others
// want the core: two looks at the clock lie TAKEN apart, or the caller waited as above.
enum { PATIENCE = 20, WATCH = 150000, TAKEN = 300000, ALONE_AGAIN = 100000000 };
static pthread_mutex_t calling = PTHREAD_MUTEX_INITIALIZER, lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t called = PTHREAD_COND_INITIALIZER, finished = PTHREAD_COND_INITIALIZER;
static Job *called_out;
static int helpers, sleeping;
static atomic_int seats, taken, helping;
static long long without_until;
static atomic_llong unwatched_until;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void watch(void) {
  long long begin = now(), before = begin, then = begin;
  if (begin < unwatched_until) return;
  for (; taken >= seats && then - begin < WATCH; then = now()) before = then;
  if (then - before > TAKEN) unwatched_until = then + ALONE_AGAIN;
}

static void sleep_until_called(void) {
  sleeping++;
  while (taken >= seats) pthread_cond_wait(&called, &lock);
  sleeping--;
}

static void *help(void *nothing) {
  for (;;) {
    watch();
    pthread_mutex_lock(&lock);
    sleep_until_called();
    Job *job = called_out;
    int seat = taken++;
    helping++;
    pthread_mutex_unlock(&lock);
    take_groups(job, seat);
    pthread_mutex_lock(&lock);
    if (!--helping) pthread_cond_signal(&finished);
    pthread_mutex_unlock(&lock);
  }
  return nothing;
}

// A child of fork has none of its parent's threads.
static void forget_helpers(void) {
  calling = lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  called = finished = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  helpers = sleeping = helping = seats = taken = 0;
}

static void find_helpers(int wanted) {
  static int told;
  if (!told) told = !pthread_atfork(NULL, NULL, forget_helpers);
  sigset_t all, before;
  sigfillset(&all);  // signals are for the threads that know what to do with them
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (pthread_t thread; helpers < wanted && !pthread_create(&thread, NULL, help, NULL); helpers++)
    pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void with_helpers(Job *job, int threads, long long begin) {
  if (helpers < threads - 1) find_helpers(threads - 1);
  pthread_mutex_lock(&lock);
  called_out = job;
  taken = 1;
  seats = threads;
  int asleep = sleeping;
  pthread_mutex_unlock(&lock);
  if (asleep) pthread_cond_broadcast(&called);
  take_groups(job, 0);
  long long done = now(), worked = done - begin;
  while (helping && now() - done < worked) {}
  pthread_mutex_lock(&lock);
  seats = 0;
  while (helping) pthread_cond_wait(&finished, &lock);
  pthread_mutex_unlock(&lock);
  long long waited = now() - done;
  if (waited > worked) {
    without_until = now() + PATIENCE * waited;
    unwatched_until = now() + ALONE_AGAIN;
  }
}

static void share(Job *job, int threads) {
  long long begin = now();
  if (threads == 1 || begin < without_until || pthread_mutex_trylock(&calling)) {
    take_groups(job, 0);
    return;
  }
  with_helpers(job, threads, begin);
  pthread_mutex_unlock(&calling);
}
#endif

PUBLIC void run(long count, int threads, const void **in, void **out, real *sums, v *work, long room) {
  Job job = {count, (count + LANES - 1) / LANES, room, in, out, sums, work};
  share(&job, threads);
  for (long i = 0, offset = 0; i < AVERAGED; offset += SIZES[i++])
    for (long e = 0; e < SIZES[i]; e++) {
      real sum = 0;
      for (long g = 0; g < job.groups; g++) sum += sums[g * TOTAL + offset + e];
      ((real *)out[i])[e] = sum / count;
    }
}
