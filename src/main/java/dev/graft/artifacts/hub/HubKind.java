package dev.graft.artifacts.hub;

/** The kind of a repository, with the words that the hub's addresses use for it. */
enum HubKind {
  MODEL("model", "models", ""),
  DATA_SET("data set", "datasets", "datasets/");

  /** For messages. */
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
