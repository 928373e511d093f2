package dev.graft.inference;

import org.jspecify.annotations.Nullable;

/**
 * An adapter at an engine, as the last check has left it.
 *
 * @param name that the engine is asked for
 * @param model the name of the adapter in Graft
 * @param status {@code loaded} by the engine, {@code published} for it to find, {@code failed}, or
 *     {@code unknown} while the engine cannot be reached
 * @param error why it failed
 */
record FoundModel(
    String name, String departmentId, String model, String status, @Nullable String error) {
  static FoundModel of(Served adapter, String status, @Nullable String error) {
    return new FoundModel(
        adapter.name(), adapter.adapter().departmentId(), adapter.adapter().name(), status, error);
  }
}
