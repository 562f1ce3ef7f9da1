/*
 * The twin as a Node module: open(bytes of a bank) answers the exports that a timed build of the core
 * has, so that a machine cannot tell which of the two it drives (host/wasm/core.ts: CoreExports).
 */
#include "napi.h"
#include "storm.h"

#define ARGUMENTS_MAX 2

struct call {
	u32 arguments[ARGUMENTS_MAX];
};

/* Reads the arguments and turns to the bank that the function belongs to. */
static struct call begin(napi_env env, napi_callback_info info)
{
	struct call call = { { 0 } };
	napi_value values[ARGUMENTS_MAX];
	size_t count = ARGUMENTS_MAX;
	void *base;
	napi_get_cb_info(env, info, &count, values, NULL, &base);
	for (size_t i = 0; i < count && i < ARGUMENTS_MAX; i++)
		napi_get_value_uint32(env, values[i], &call.arguments[i]);
	bank = base;
	attach_pages();
	return call;
}

static napi_value number(napi_env env, u32 value)
{
	napi_value result;
	napi_create_uint32(env, value, &result);
	return result;
}

#define EXPORT(name, expression)                                                                   \
	static napi_value js_##name(napi_env env, napi_callback_info info)                         \
	{                                                                                          \
		struct call call = begin(env, info);                                               \
		u32 a = call.arguments[0], b = call.arguments[1];                                  \
		(void)a, (void)b;                                                                  \
		return number(env, expression);                                                    \
	}

EXPORT(abiVersion, ABI_VERSION)
EXPORT(layoutHash, LAYOUT_HASH)
EXPORT(switches, KERNEL | RECORDS << 16)
EXPORT(attach, (attach(a), 0))
EXPORT(detach, (detach_arena(), 0))
EXPORT(bindDevice, (bind_pages(), 0))
EXPORT(resetPages, (reset_pages(a, b), 0))
EXPORT(allocTable, alloc_table())
EXPORT(freeTable, (free_table(a), 0))
EXPORT(runChained, run_chained(a, b))
EXPORT(runNatural, run_natural(a, b))

static napi_value js_hashRange(napi_env env, napi_callback_info info)
{
	struct call call = begin(env, info);
	napi_value result;
	napi_create_bigint_uint64(env, hash_range(call.arguments[0], call.arguments[1]), &result);
	return result;
}

static const struct {
	const char *name;
	napi_callback function;
} exports_of_core[] = {
	{ "abiVersion", js_abiVersion }, { "layoutHash", js_layoutHash },
	{ "switches", js_switches },	 { "attach", js_attach },
	{ "detach", js_detach },
	{ "bindDevice", js_bindDevice },
	{ "resetPages", js_resetPages }, { "allocTable", js_allocTable },
	{ "freeTable", js_freeTable },	 { "runChained", js_runChained },
	{ "runNatural", js_runNatural }, { "hashRange", js_hashRange },
};

static napi_value js_open(napi_env env, napi_callback_info info)
{
	napi_value view, object;
	size_t count = 1;
	void *base;
	napi_get_cb_info(env, info, &count, &view, NULL, NULL);
	napi_get_typedarray_info(env, view, NULL, NULL, &base, NULL, NULL);
	napi_create_object(env, &object);
	for (size_t i = 0; i < sizeof exports_of_core / sizeof *exports_of_core; i++) {
		napi_value function;
		napi_create_function(env, exports_of_core[i].name, NAPI_AUTO_LENGTH,
				     exports_of_core[i].function, base, &function);
		napi_set_named_property(env, object, exports_of_core[i].name, function);
	}
	return object;
}

napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	napi_value function;
	napi_create_function(env, "open", NAPI_AUTO_LENGTH, js_open, NULL, &function);
	napi_set_named_property(env, exports, "open", function);
	return exports;
}
