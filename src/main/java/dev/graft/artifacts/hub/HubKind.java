package dev.graft.artifacts.hub;

/** What a repository holds; its words are those of the hub's addresses. */
enum HubKind {
  MODEL("model", "models", ""),
  DATA_SET("data set", "datasets", "datasets/");

  /** As people say it. */
  final String word;

  /** In addresses of the hub's API, and in names of the cache. */
  final String plural;

  /** Before the name, in addresses of pages and contents. */
  final String prefix;

  HubKind(String word, String plural, String prefix) {
    this.word = word;
    this.plural = plural;
    this.prefix = prefix;
  }
}
