package dev.graft.client;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft aliases}: manages names that refer to the current version of a model. */
@Command(
    name = "aliases",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | create | move | rollback | history | delete)",
    description = "Manage aliases: stable names that refer to the current version of a model.",
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

  @Command(name = "list", description = "List aliases by name.")
  static final class ListAll extends ApiCommand.ListCommand {
    ListAll() {
      super(PATH, ALIASES);
    }
  }

  /** A command that changes an alias, with an optional reason. */
  abstract static class Change extends ApiCommand {
    @Parameters(index = "0", paramLabel = "ALIAS")
    private String alias = "";

    @Option(names = "--reason", paramLabel = "TEXT", description = "The reason, for the history.")
    private @Nullable String reason;

    final String alias() {
      return alias;
    }

    final String path() {
      return PATH + "/" + escaped(alias);
    }

    final ObjectNode body() {
      ObjectNode body = object();
      if (reason != null) body.put("reason", reason);
      return body;
    }

    final int done(JsonNode now) {
      show(now, now.path("id").asString() + " now refers to " + now.path("model").asString());
      return 0;
    }
  }

  @Command(name = "create", description = "Create an alias for a fine-tuned model.")
  static final class Create extends Change {
    @Parameters(index = "1", paramLabel = "MODEL", description = "Model name or adapter id.")
    private String model = "";

    @Override
    int run(GraftApi api) {
      return done(api.create(PATH, body().put("name", alias()).put("model", model)));
    }
  }

  @Command(name = "move", description = "Point an alias to another model.")
  static final class Move extends Change {
    @Parameters(index = "1", paramLabel = "MODEL", description = "Model name or adapter id.")
    private String model = "";

    @Option(
        names = "--evaluation",
        paramLabel = "EVALUATION_ID",
        description = "Only if the model has passed the gates of this evaluation.")
    private @Nullable String evaluation;

    @Option(
        names = "--if-current",
        paramLabel = "MODEL",
        description = "Only if the alias currently refers to this model.")
    private @Nullable String current;

    @Override
    int run(GraftApi api) {
      ObjectNode move = body().put("model", model);
      if (evaluation != null) move.put("evaluation", evaluation);
      if (current != null) move.put("if_current", current);
      return done(api.post(path(), move));
    }
  }

  @Command(name = "rollback", description = "Point an alias back to its previous model.")
  static final class Rollback extends Change {
    @Override
    int run(GraftApi api) {
      // With the current model, a repetition after a lost answer does not roll back twice.
      String current = api.get(path()).path("model").asString();
      return done(api.post(path() + "/rollback", body().put("if_current", current)));
    }
  }

  @Command(name = "history", description = "List who moved an alias, when and why.")
  static final class History extends ApiCommand {
    @Parameters(paramLabel = "ALIAS")
    private String alias = "";

    @Option(
        names = "--limit",
        defaultValue = "20",
        description = "How many to list (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    int run(GraftApi api) {
      show(list(api, PATH + "/" + escaped(alias) + "/history", limit), MOVES);
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete an alias and its history; its model is kept.")
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
