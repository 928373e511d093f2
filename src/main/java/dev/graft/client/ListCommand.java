package dev.graft.client;

import picocli.CommandLine.Option;

/** A command that lists the first objects of a list. */
abstract class ListCommand extends ApiCommand {
  private final String path;
  private final Table table;

  @Option(
      names = "--limit",
      defaultValue = "20",
      description = "The maximum number to list (${DEFAULT-VALUE}).")
  private int limit;

  ListCommand(String path, Table table) {
    this.path = path;
    this.table = table;
  }

  /** Returns the filter as {@code name=value&...}, or an empty string. */
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
