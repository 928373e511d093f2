package dev.graft.client;

import picocli.CommandLine.Option;

/** The first things of a list, as the server orders them. */
abstract class ListCommand extends ApiCommand {
  private final String path;
  private final Table table;

  @Option(names = "--limit", defaultValue = "20", description = "At most (${DEFAULT-VALUE}).")
  private int limit;

  ListCommand(String path, Table table) {
    this.path = path;
    this.table = table;
  }

  /** What is searched for: {@code name=value&...}, or nothing. */
  String query() {
    return "";
  }

  @Override
  final int run(GraftApi api) {
    String query = query();
    show(list(api, query.isEmpty() ? path : path + "?" + query, limit), table);
    return 0;
  }
}
