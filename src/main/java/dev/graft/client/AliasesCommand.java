package dev.graft.client;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft aliases}: names for the version of a model that is in use. */
@Command(
    name = "aliases",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | create | move | rollback | history | delete)",
    description = "Names for the version of a model that is in use.",
    subcommands = {
      AliasesCommand.ListAll.class,
      AliasesCommand.Create.class,
      AliasesCommand.Move.class,
      AliasesCommand.Rollback.class,
      AliasesCommand.History.class,
      AliasesCommand.Delete.class
    })
public final class AliasesCommand extends CommandGroup {
  private static final String PATH = "/v1/aliases";

  private static final Table ALIASES =
      new Table().text("ALIAS", "/id").time("MOVED", "/moved_at").text("MODEL", "/model");

  private static final Table MOVES =
      new Table()
          .time("TIME", "/created_at")
          .text("WHAT", "/kind")
          .text("MODEL", "/to")
          .text("EVALUATION", "/evidence/evaluation")
          .text("BY", "/moved_by")
          .text("REASON", "/reason");

  @Command(name = "list", description = "Aliases, by name.")
  static final class ListAll extends ListCommand {
    ListAll() {
      super(PATH, ALIASES);
    }
  }

  /** One that changes an alias, for a reason. */
  abstract static class Change extends ApiCommand {
    @Parameters(index = "0", paramLabel = "ALIAS")
    private String alias = "";

    @Option(names = "--reason", paramLabel = "TEXT", description = "For the history.")
    private @Nullable String reason;

    final String alias() {
      return alias;
    }

    final String path() {
      return PATH + "/" + escaped(alias);
    }

    final ObjectNode said() {
      ObjectNode said = object();
      if (reason != null) said.put("reason", reason);
      return said;
    }

    final int told(JsonNode now) {
      show(now, now.path("id").asString() + " stands for " + now.path("model").asString());
      return 0;
    }
  }

  @Command(name = "create", description = "Name a fine-tuned model.")
  static final class Create extends Change {
    @Parameters(index = "1", paramLabel = "MODEL", description = "Name, or id of the adapter.")
    private String model = "";

    @Override
    int run(GraftApi api) {
      return told(api.create(PATH, said().put("name", alias()).put("model", model)));
    }
  }

  @Command(name = "move", description = "Let another model answer under the name.")
  static final class Move extends Change {
    @Parameters(index = "1", paramLabel = "MODEL", description = "Name, or id of the adapter.")
    private String model = "";

    @Option(
        names = "--evaluation",
        paramLabel = "EVALUATION_ID",
        description = "Only if the model has passed its gates.")
    private @Nullable String evaluation;

    @Option(
        names = "--if-current",
        paramLabel = "MODEL",
        description = "Only if the alias stands for this model now.")
    private @Nullable String current;

    @Override
    int run(GraftApi api) {
      ObjectNode move = said().put("model", model);
      if (evaluation != null) move.put("evaluation", evaluation);
      if (current != null) move.put("if_current", current);
      return told(api.post(path(), move));
    }
  }

  @Command(name = "rollback", description = "Let the model before answer again.")
  static final class Rollback extends Change {
    @Override
    int run(GraftApi api) {
      // Repeated after an answer that was lost, it does not go back twice.
      String current = api.get(path()).path("model").asString();
      return told(api.post(path() + "/rollback", said().put("if_current", current)));
    }
  }

  @Command(name = "history", description = "Who moved an alias, when, why, and by what evidence.")
  static final class History extends ApiCommand {
    @Parameters(paramLabel = "ALIAS")
    private String alias = "";

    @Option(names = "--limit", defaultValue = "20", description = "At most (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    int run(GraftApi api) {
      show(list(api, PATH + "/" + escaped(alias) + "/history", limit), MOVES);
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete an alias with its history; its model stays.")
  static final class Delete extends ApiCommand {
    @Parameters(paramLabel = "ALIAS")
    private String alias = "";

    @Override
    int run(GraftApi api) {
      show(api.delete(PATH + "/" + escaped(alias)), alias + " deleted");
      return 0;
    }
  }
}
