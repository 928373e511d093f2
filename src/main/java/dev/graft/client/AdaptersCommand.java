package dev.graft.client;

import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** {@code graft adapters}: what jobs have made. */
@Command(
    name = "adapters",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | show | pull | export | combine | link | delete)",
    description = "Find the adapters on a server, fetch and delete them.",
    subcommands = {
      AdaptersCommand.ListAll.class,
      AdaptersCommand.Show.class,
      PullAdapter.class,
      ExportAdapter.class,
      CombineAdapters.class,
      AdaptersCommand.Link.class,
      AdaptersCommand.Delete.class
    })
public final class AdaptersCommand extends CommandGroup {
  static final String PATH = "/v1/adapters";

  private static final Table ADAPTERS =
      new Table()
          .text("ADAPTER", "/id")
          .time("CREATED", "/created_at")
          .size("SIZE", "/bytes")
          .text("BASE", "/base_model")
          .text("MODEL", "/name");

  @Command(name = "list", description = "Adapters, newest first, or those that are searched for.")
  static final class ListAll extends ListCommand {
    @Option(names = "--name", paramLabel = "TEXT", description = "In the model's name.")
    private @Nullable String name;

    @Option(names = "--base", paramLabel = "MODEL", description = "Of this base model.")
    private @Nullable String base;

    @Option(names = "--method", description = "Of this method, such as LORA or full.")
    private @Nullable String method;

    @Option(names = "--parent", paramLabel = "MODEL", description = "Continued from this model.")
    private @Nullable String parent;

    ListAll() {
      super(PATH, ADAPTERS);
    }

    @Override
    String query() {
      StringJoiner query = new StringJoiner("&");
      add(query, "name", name);
      add(query, "base_model", base);
      add(query, "method", method);
      add(query, "parent_model", parent);
      return query.toString();
    }
  }

  @Command(name = "show", description = "Everything about an adapter.")
  static final class Show extends ShowCommand {
    Show() {
      super(PATH);
    }
  }

  @Command(
      name = "link",
      description = "Make a link by which whoever has it fetches the adapter, without a key.")
  static final class Link extends ApiCommand {
    @Parameters(paramLabel = "ADAPTER_ID")
    private String id = "";

    @Option(
        names = "--expires",
        paramLabel = "SECONDS",
        defaultValue = "3600",
        description = "How long it lives, up to 7 days (${DEFAULT-VALUE}).")
    private long expires;

    @Override
    int run(GraftApi api) {
      JsonNode link =
          api.post(
              PATH + "/" + escaped(id) + "/download_links",
              object().put("expires_in_seconds", expires));
      show(link, link.path("url").asString());
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete an adapter; its files are gone for good.")
  static final class Delete extends ApiCommand {
    @Parameters(paramLabel = "ADAPTER_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      show(api.delete(PATH + "/" + escaped(id)), id + " deleted");
      return 0;
    }
  }
}
