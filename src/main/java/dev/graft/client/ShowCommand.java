package dev.graft.client;

import picocli.CommandLine.Parameters;

/** A command that prints one object as JSON. */
abstract class ShowCommand extends ApiCommand {
  private final String list;

  @Parameters(paramLabel = "ID")
  private String id = "";

  /**
   * @@param list the path of the list that contains the object
   */
  ShowCommand(String list) {
    this.list = list;
  }

  @Override
  final int run(GraftApi api) {
    say(api.get(list + "/" + escaped(id)).toPrettyString());
    return 0;
  }
}
