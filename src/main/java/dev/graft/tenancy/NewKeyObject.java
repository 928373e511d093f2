package dev.graft.tenancy;

/**
 * A new key on the wire.
 *
 * @param value the key, shown this once
 */
record NewKeyObject(String object, String id, String name, String value, long createdAt) {
  /**
   * @param owner the owner's {@code object}
   */
  static NewKeyObject of(ApiKeys.Created key, String owner) {
    return new NewKeyObject(
        owner + ".api_key", key.id(), key.name(), key.secret(), key.createdAt().getEpochSecond());
  }
}
