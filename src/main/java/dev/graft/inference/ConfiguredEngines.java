package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.Adapters;
import dev.graft.adapters.ModelAliases;
import dev.graft.adapters.ModelAliases.AliasMoved;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.S3Properties;
import dev.graft.inference.AdapterPlace.Served;
import dev.graft.inference.ConfiguredEngines.EnginesProperties.Publish;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The engines of the settings, each connected when it is first used. Periodically compares the
 * adapters of each engine with the wanted ones, and updates them.
 */
@Component
@EnableConfigurationProperties(ConfiguredEngines.EnginesProperties.class)
class ConfiguredEngines implements WorkKind, DisposableBean {
  static final String KIND = "engine_check";

  private static final Logger log = LoggerFactory.getLogger(ConfiguredEngines.class);
  private static final int PARALLEL = 4;

  /** Retries without end while the engine is in the settings. */
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          KIND,
          false,
          PARALLEL,
          PARALLEL,
          Duration.ofSeconds(2),
          Duration.ofMinutes(5),
          new WorkSettings.Backoff(
              Integer.MAX_VALUE, Duration.ofSeconds(15), Duration.ofMinutes(10)),
          Duration.ZERO);

  private final EnginesProperties settings;
  private final Map<String, EnginesProperties.Server> servers;
  private final GraftProperties graft;
  private final S3Properties bucket;
  private final ArtifactStore store;
  private final ServedAdapters served;
  private final AdapterPlace.VllmForm form;
  private final Adapters adapters;
  private final Engines checks;
  private final LeasedWork work;
  private final TransactionTemplate transaction;
  private final Clock clock;
  private final Map<String, EngineSync> made = new ConcurrentHashMap<>();
  private final Map<String, EngineHttp> connections = new ConcurrentHashMap<>();

  ConfiguredEngines(
      EnginesProperties settings,
      GraftProperties graft,
      S3Properties bucket,
      ArtifactStore store,
      ServedAdapters served,
      AdapterPlace.VllmForm form,
      Adapters adapters,
      Engines checks,
      LeasedWork work,
      TransactionTemplate transaction,
      Clock clock) {
    this.settings = settings;
    this.servers = settings.byName();
    this.graft = graft;
    this.bucket = bucket;
    this.store = store;
    this.served = served;
    this.form = form;
    this.adapters = adapters;
    this.checks = checks;
    this.work = work;
    this.transaction = transaction;
    this.clock = clock;
  }

  @EventListener(ApplicationReadyEvent.class)
  void started() {
    servers.keySet().forEach(this::due);
  }

  /** Schedules checks in the transaction of the move. */
  @EventListener
  void moved(AliasMoved alias) {
    EveryDepartment.call(
        () -> {
          servers.keySet().forEach(this::due);
          return alias;
        });
  }

  private void due(String name) {
    work.add(KIND, name, WorkKind.ORGANIZATION);
  }

  /** Returns the settings of all engines, by name. */
  Map<String, EnginesProperties.Server> all() {
    return servers;
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws InterruptedException {
    String name = claim.subject();
    EnginesProperties.Server engine = servers.get(name);
    if (engine == null) {
      transaction.executeWithoutResult(
          status -> {
            if (work.done(claim)) checks.deleteById(name);
          });
      return;
    }
    List<AdapterPlace.Served> wanted = served.at(engine);
    EngineSync.EngineHealth found =
        sync(name)
            .check(
                wanted,
                adapter -> () -> form.of(adapter.adapter(), adapter.base()),
                id -> adapters.any(id).isPresent());
    if (write(claim, found)) {
      log.atInfo()
          .addKeyValue("engine", name)
          .addKeyValue("status", found.status().wire())
          .addKeyValue("cause", found.error())
          .log("engine_checked");
    }
  }

  /** Records a check if the lease still holds; returns whether the status changed. */
  private boolean write(WorkClaim claim, EngineSync.EngineHealth found) {
    return Boolean.TRUE.equals(
        transaction.execute(
            status -> work.later(claim, settings.checkEvery()) && record(claim.subject(), found)));
  }

  private boolean record(String name, EngineSync.EngineHealth found) {
    Engine engine = checks.findById(name).orElseGet(() -> new Engine(name));
    boolean changed = engine.checked(found, clock.instant());
    checks.save(engine);
    return changed;
  }

  private EngineSync sync(String name) {
    return made.computeIfAbsent(name, this::make);
  }

  private EngineSync make(String name) {
    EnginesProperties.Server server = Objects.requireNonNull(servers.get(name));
    return new EngineSync(place(server), vllm(name, server), server.models().values(), clock);
  }

  private AdapterPlace place(EnginesProperties.Server server) {
    Path directory = server.directory();
    String name = server.bucket();
    if (directory == null) {
      S3Properties there = bucket.at(Objects.requireNonNull(name), server.prefix());
      return new AdapterPlace.ResolverBucket(there, EnginesProperties.scratch(graft), store);
    }
    Path seenAs = server.seenAs();
    return new AdapterPlace.ResolverDirectory(
        directory, seenAs == null ? directory : seenAs, store);
  }

  private EngineHttp.@Nullable VllmAdapters vllm(String name, EnginesProperties.Server server) {
    URI url = server.url();
    if (url == null) return null;
    return new EngineHttp.VllmAdapters(
        connections.computeIfAbsent(name, absent -> new EngineHttp(url, server.apiKey())));
  }

  @Override
  public void destroy() {
    made.values().forEach(EngineSync::close);
    connections.values().forEach(EngineHttp::close);
  }

  /**
   * {@code graft.engines.*}: engines that serve adapters of departments on their own.
   *
   * @param servers the engines and the adapters that they serve
   * @param checkEvery how often Graft compares the adapters of each engine with the wanted ones
   */
  @ConfigurationProperties("graft.engines")
  record EnginesProperties(
      @DefaultValue List<Server> servers, @DefaultValue("15s") Duration checkEvery) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    /** Which adapters an engine serves. */
    enum Publish {
      /** The targets of aliases. */
      ALIASES,
      /** All fine-tuned models, under their own names, and the aliases. */
      ALL
    }

    /**
     * @param name of a-z, 0-9 and -
     * @param url of vLLM, with {@code /v1}; null = Graft sends the engine nothing, and it looks in
     *     the directory itself
     * @param apiKey sent as a bearer token
     * @param directory where Graft writes adapters in the layout of vLLM's LoRA resolver
     * @param seenAs path of the directory as the engine sees it; by default the same
     * @param bucket in place of a directory: a bucket with the server and the credentials of {@code
     *     graft.artifacts.s3}
     * @param prefix of the names of objects in the bucket
     * @param models the base models that it serves: its name of each, by Graft's
     * @param departments names of the departments whose adapters it serves; by default all
     * @param publish {@code aliases}: the targets of aliases; {@code all}: also every fine-tuned
     *     model
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

      /** Omits the key, which must not appear in logs. */
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
     * Returns the engines by name.
     *
     * @throws IllegalArgumentException if an engine is incomplete, or two have the same name
     */
    Map<String, Server> byName() {
      Map<String, Server> all = new TreeMap<>();
      for (int i = 0; i < servers.size(); i++) {
        Server each = servers.get(i);
        String at = "servers[%d]".formatted(i);
        require(at, each);
        require(all.put(each.name(), each) == null, at + ".name is already used by another engine");
      }
      return all;
    }

    private static void require(String at, Server server) {
      require(NAME.matcher(server.name()).matches(), at + ".name must consist of a-z, 0-9 and -");
      require(
          (server.directory() == null) != (server.bucket() == null),
          at + " must have either a directory or a bucket");
      URI url = server.url();
      if (url != null) {
        require(
            "http".equals(url.getScheme()) || "https".equals(url.getScheme()),
            at + ".url must be an http(s) URL");
        require(server.directory() != null, at + " must have a directory that the engine can read");
      }
      require(
          !server.models().isEmpty(),
          at + ".models must name the base models that the engine serves");
    }

    private static void require(boolean holds, String sentence) {
      if (!holds) throw new IllegalArgumentException("graft.engines." + sentence);
    }

    /** Returns the directory for files that are uploaded to buckets. */
    static Path scratch(GraftProperties graft) {
      return graft.dataDir().resolve("engines");
    }
  }

  /** How adapters reach an engine. */
  enum EngineKind {
    /** Graft calls its routes that load and unload adapters. */
    VLLM,
    /** It reads them from a directory. */
    DIRECTORY,
    /** It reads them from a bucket. */
    S3;

    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The adapters that each engine should have now. */
  @Component
  static class ServedAdapters {
    /** Names that are valid in any path or object name. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}");

    private final Adapters adapters;
    private final ModelAliases aliases;
    private final Departments departments;

    ServedAdapters(Adapters adapters, ModelAliases aliases, Departments departments) {
      this.adapters = adapters;
      this.aliases = aliases;
      this.departments = departments;
    }

    /**
     * Returns adapters by name. A bucket has no aliases, since several objects cannot be replaced
     * at once.
     */
    @Transactional(readOnly = true)
    List<Served> at(ConfiguredEngines.EnginesProperties.Server engine) {
      Map<String, Served> served = new TreeMap<>();
      Map<String, Optional<Department>> known = new HashMap<>();
      for (ModelAliases.Alias alias : aliases.everywhere()) {
        Optional<Department> department = department(engine, alias.departmentId(), known);
        if (department.isEmpty()) continue;
        adapters
            .named(alias.departmentId(), alias.model())
            .ifPresent(
                adapter -> {
                  String name = segment(department.get().name(), department.get().id());
                  add(served, engine, name + "/" + alias.name(), adapter);
                });
      }
      if (engine.publish() == Publish.ALL) {
        for (Adapter each : adapters.onBaseModels(engine.models().keySet())) {
          if (department(engine, each.departmentId(), known).isEmpty()) continue;
          add(served, engine, own(each), each);
        }
      }
      return List.copyOf(served.values());
    }

    private static void add(
        Map<String, Served> served,
        ConfiguredEngines.EnginesProperties.Server engine,
        String name,
        Adapter adapter) {
      String base = engine.models().get(adapter.baseModel());
      if (base == null) return;
      String called = engine.kind() == ConfiguredEngines.EngineKind.S3 ? own(adapter) : name;
      served.put(called, new Served(called, adapter, base));
    }

    private static String own(Adapter adapter) {
      return segment(adapter.name(), adapter.id());
    }

    /** Returns the id if the name is not valid in paths. */
    private static String segment(String name, String id) {
      return PLAIN.matcher(name).matches() ? name : id;
    }

    /** Returns empty if the engine does not serve this department, or it is archived. */
    private Optional<Department> department(
        ConfiguredEngines.EnginesProperties.Server engine,
        String id,
        Map<String, Optional<Department>> known) {
      return known.computeIfAbsent(
          id,
          unknown ->
              departments
                  .get(id)
                  .filter(each -> each.archivedAt() == null)
                  .filter(
                      each ->
                          engine.departments().isEmpty()
                              || engine.departments().contains(each.name())));
    }
  }
}
