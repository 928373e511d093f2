package dev.graft.inference;

import dev.graft.platform.GraftProperties;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * {@code graft.engines.*}: programs that serve the departments' adapters without asking Graft.
 *
 * @param servers each with what it is to have
 * @param checkEvery how often each is compared with what it should have
 */
@ConfigurationProperties("graft.engines")
record EnginesProperties(
    @DefaultValue List<Server> servers, @DefaultValue("15s") Duration checkEvery) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

  /** Which adapters an engine has. */
  enum Publish {
    /** Those that aliases stand for. */
    ALIASES,
    /** All fine-tuned models, under their own names, and the aliases. */
    ALL
  }

  /**
   * @param name that people read: a-z, 0-9 and -
   * @param url of vLLM, with {@code /v1}; null = nothing is told, it looks in the directory itself
   * @param apiKey sent as a bearer token
   * @param directory where adapters are laid out as vLLM's LoRA resolver wants them
   * @param seenAs the same directory as the engine sees it; by default under the same path
   * @param bucket in place of a directory: a bucket of the server and the credentials of {@code
   *     graft.artifacts.s3}
   * @param prefix of the names of objects there
   * @param models the base models that it serves: its name of each, by Graft's
   * @param departments whose adapters it has, by name; by default all
   * @param publish {@code aliases}: what aliases stand for; {@code all}: every fine-tuned model,
   *     too
   */
  record Server(
      String name,
      @Nullable URI url,
      @Nullable String apiKey,
      @Nullable Path directory,
      @Nullable Path seenAs,
      @Nullable String bucket,
      @DefaultValue("") String prefix,
      @DefaultValue Map<String, String> models,
      @DefaultValue List<String> departments,
      @DefaultValue("aliases") Publish publish) {
    Server {
      models = Map.copyOf(models);
      departments = List.copyOf(departments);
    }

    EngineKind kind() {
      if (url != null) return EngineKind.VLLM;
      return bucket != null ? EngineKind.S3 : EngineKind.DIRECTORY;
    }

    /** The key is nobody's to read, in a log either. */
    @Override
    public String toString() {
      return "Server[name=%s, url=%s]".formatted(name, url);
    }
  }

  EnginesProperties {
    servers = List.copyOf(servers);
    require(checkEvery.isPositive(), "check-every must be longer than 0");
  }

  /**
   * By name.
   *
   * @throws IllegalArgumentException if one lacks something, or two have one name
   */
  Map<String, Server> byName() {
    Map<String, Server> all = new TreeMap<>();
    for (int i = 0; i < servers.size(); i++) {
      Server each = servers.get(i);
      String at = "servers[%d]".formatted(i);
      require(at, each);
      require(all.put(each.name(), each) == null, at + ".name: another has it, too");
    }
    return all;
  }

  private static void require(String at, Server server) {
    require(NAME.matcher(server.name()).matches(), at + ".name must be of a-z, 0-9 and -");
    require(
        (server.directory() == null) != (server.bucket() == null),
        at + " needs a directory or a bucket, and not both");
    URI url = server.url();
    if (url != null) {
      require(
          "http".equals(url.getScheme()) || "https".equals(url.getScheme()),
          at + ".url must be an http(s) URL");
      require(server.directory() != null, at + " needs a directory that the engine can read");
    }
    require(
        !server.models().isEmpty(),
        at + ".models must name the base models that the engine serves");
  }

  private static void require(boolean holds, String sentence) {
    if (!holds) throw new IllegalArgumentException("graft.engines." + sentence);
  }

  /** Where what is made for a bucket lies until it is there. */
  static Path scratch(GraftProperties graft) {
    return graft.dataDir().resolve("engines");
  }
}
