package dev.graft.evaluation;

import dev.graft.adapters.ModelAliases.ModelAlias;

/**
 * An alias on the wire. Times in unix seconds.
 *
 * @param id its name, which chats ask for
 * @param model that answers
 */
record AliasObject(String id, String object, String model, long createdAt, long movedAt) {
  static AliasObject of(ModelAlias alias) {
    return new AliasObject(
        alias.name(),
        "alias",
        alias.model(),
        alias.createdAt().getEpochSecond(),
        alias.movedAt().getEpochSecond());
  }
}
