/*
 * What this machine's own instructions and kernel take, for scale: measured in C, in the same run as
 * the core and its twins. Every function answers nanoseconds for one of what it does.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "napi.h"

#define inline_ static inline __attribute__((always_inline))
#define LINE_BYTES 64
#define HOST_PAGE_BYTES 4096

int napi_create_double(napi_env, double, napi_value *);

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* An add to a word that nobody else is at, as V8 makes it of Wasm's: a load and lock cmpxchg. */
static double lone_cas(uint32_t times, uint32_t bytes)
{
	(void)bytes;
	uint32_t word = 0;
	double began = now_ns();
	for (uint32_t i = 0; i < times; i++) {
		uint32_t seen = __atomic_load_n(&word, 0);
		while (!__atomic_compare_exchange_n(&word, &seen, seen + 1, false, 5, 5))
			;
	}
	return (now_ns() - began) / times;
}

static double lone_xadd(uint32_t times, uint32_t bytes)
{
	(void)bytes;
	uint32_t word = 0, by = 1;
	double began = now_ns();
	for (uint32_t i = 0; i < times; i++)
		by = (__atomic_fetch_add(&word, by, 5) & 0) | 1;
	return (now_ns() - began) / times;
}

/* A random cycle through every line of `bytes`, prefaulted; NULL where there is no memory. */
static uint32_t *random_cycle(uint32_t bytes)
{
	uint32_t lines = bytes / LINE_BYTES, stride = LINE_BYTES / sizeof(uint32_t);
	uint32_t *next = malloc(bytes);
	if (!next)
		return NULL;
	for (uint32_t i = 0; i < lines; i++)
		next[i * stride] = i;
	uint64_t random = 88172645463325252u;
	/* Sattolo: one cycle through all of them. */
	for (uint32_t i = lines - 1; i > 0; i--) {
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		uint32_t j = random % i, held = next[i * stride];
		next[i * stride] = next[j * stride];
		next[j * stride] = held;
	}
	return next;
}

inline_ double misses(uint32_t times, uint32_t bytes, bool dependent)
{
	uint32_t stride = LINE_BYTES / sizeof(uint32_t), lines = bytes / LINE_BYTES;
	uint32_t *next = random_cycle(bytes);
	if (!next)
		return 0;
	uint32_t at = 0, sum = 0;
	uint64_t random = 1;
	double began = now_ns();
	for (uint32_t i = 0; i < times; i++) {
		if (dependent) {
			at = next[at * stride];
			continue;
		}
		random = random * 6364136223846793005u + 1442695040888963407u;
		sum += next[((random >> 33) % lines) * stride];
	}
	double ns = (now_ns() - began) / times;
	/* The result is used, so that the loads are made. */
	__asm__ volatile("" : : "r"(at + sum));
	free(next);
	return ns;
}

static double dependent_miss(uint32_t times, uint32_t bytes) { return misses(times, bytes, true); }
static double independent_miss(uint32_t times, uint32_t bytes)
{
	return misses(times, bytes, false);
}

/* This machine's kernel: first write faults on memfd pages that exist, and unmapping them. */
static double memfd(uint32_t times, uint32_t bytes, bool unmapping)
{
	double spent = 0;
	uint64_t pages = 0;
	int fd = memfd_create("daxstorm", 0);
	if (fd < 0 || ftruncate(fd, bytes) != 0)
		return 0;
	for (uint32_t round = 0; pages < times || round < 2; round++) {
		volatile uint8_t *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			break;
		madvise((void *)p, bytes, MADV_RANDOM);
		double began = now_ns();
		for (uint32_t at = 0; at < bytes; at += HOST_PAGE_BYTES)
			p[at] = 1;
		double faulted = now_ns();
		munmap((void *)p, bytes);
		double unmapped = now_ns();
		/* The first round allocates the pages. */
		if (round == 0)
			continue;
		spent += unmapping ? unmapped - faulted : faulted - began;
		pages += bytes / HOST_PAGE_BYTES;
	}
	close(fd);
	return pages ? spent / pages : 0;
}

static double memfd_fault(uint32_t times, uint32_t bytes) { return memfd(times, bytes, false); }
static double memfd_unmap(uint32_t times, uint32_t bytes) { return memfd(times, bytes, true); }

typedef double (*measure)(uint32_t times, uint32_t bytes);

static napi_value call(napi_env env, napi_callback_info info)
{
	napi_value values[2], result;
	size_t count = 2;
	void *function;
	uint32_t times = 1, bytes = 0;
	napi_get_cb_info(env, info, &count, values, NULL, &function);
	napi_get_value_uint32(env, values[0], &times);
	napi_get_value_uint32(env, values[1], &bytes);
	napi_create_double(env, ((measure)function)(times, bytes), &result);
	return result;
}

static const struct {
	const char *name;
	measure function;
} measures[] = {
	{ "loneCas", lone_cas },
	{ "loneXadd", lone_xadd },
	{ "dependentMiss", dependent_miss },
	{ "independentMiss", independent_miss },
	{ "memfdFault", memfd_fault },
	{ "memfdUnmap", memfd_unmap },
};

napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
		napi_value function;
		napi_create_function(env, measures[i].name, NAPI_AUTO_LENGTH, call,
				     (void *)measures[i].function, &function);
		napi_set_named_property(env, exports, measures[i].name, function);
	}
	return exports;
}
