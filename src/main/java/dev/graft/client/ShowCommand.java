package dev.graft.client;

import picocli.CommandLine.Parameters;

/** Everything that the server says of one thing. */
abstract class ShowCommand extends ApiCommand {
  private final String list;

  @Parameters(paramLabel = "ID")
  private String id = "";

  /**
   * @param list path of the list that the thing is in
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
