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

/** The engines of the settings, each made when it is first asked for. */
@Component
@EnableConfigurationProperties(ConfiguredEngines.EnginesProperties.class)
class ConfiguredEngines implements DisposableBean {
  private final Map<String, EnginesProperties.Server> servers;
  private final GraftProperties graft;
  private final S3Properties bucket;
  private final ArtifactStore store;
  private final LeasedWork work;
  private final Clock clock;
  private final Map<String, EngineSync> made = new ConcurrentHashMap<>();
  private final Map<String, EngineHttp> connections = new ConcurrentHashMap<>();

  ConfiguredEngines(
      EnginesProperties settings,
      GraftProperties graft,
      S3Properties bucket,
      ArtifactStore store,
      LeasedWork work,
      Clock clock) {
    this.servers = settings.byName();
    this.graft = graft;
    this.bucket = bucket;
    this.store = store;
    this.work = work;
    this.clock = clock;
  }

  @EventListener(ApplicationReadyEvent.class)
  void started() {
    servers.keySet().forEach(this::due);
  }

  /** In the transaction of the move; engines are of no department. */
  @EventListener
  void moved(AliasMoved alias) {
    EveryDepartment.call(
        () -> {
          servers.keySet().forEach(this::due);
          return alias;
        });
  }

  private void due(String name) {
    work.add(EngineCheck.KIND, name, WorkKind.ORGANIZATION);
  }

  /** By name. */
  Map<String, EnginesProperties.Server> all() {
    return servers;
  }

  EngineSync sync(String name) {
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

  /** Compares an engine with what it should have, and makes up the difference, again and again. */
  @Component
  static class EngineCheck implements WorkKind {
    static final String KIND = "engine_check";

    private static final Logger log = LoggerFactory.getLogger(EngineCheck.class);
    private static final int PARALLEL = 4;

    /** It must not be given up: the engine is still in the settings. */
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
    private final ConfiguredEngines engines;
    private final ServedAdapters served;
    private final AdapterPlace.VllmForm form;
    private final Adapters adapters;
    private final Engines checks;
    private final LeasedWork work;
    private final TransactionTemplate transaction;
    private final Clock clock;

    EngineCheck(
        EnginesProperties settings,
        ConfiguredEngines engines,
        ServedAdapters served,
        AdapterPlace.VllmForm form,
        Adapters adapters,
        Engines checks,
        LeasedWork work,
        TransactionTemplate transaction,
        Clock clock) {
      this.settings = settings;
      this.engines = engines;
      this.served = served;
      this.form = form;
      this.adapters = adapters;
      this.checks = checks;
      this.work = work;
      this.transaction = transaction;
      this.clock = clock;
    }

    @Override
    public WorkSettings settings() {
      return SETTINGS;
    }

    @Override
    public void work(WorkClaim claim) throws InterruptedException {
      String name = claim.subject();
      EnginesProperties.Server engine = engines.all().get(name);
      if (engine == null) {
        transaction.executeWithoutResult(
            status -> {
              if (work.done(claim)) checks.deleteById(name);
            });
        return;
      }
      List<AdapterPlace.Served> wanted = served.at(engine);
      EngineSync.EngineHealth found =
          engines
              .sync(name)
              .check(
                  wanted,
                  adapter -> () -> form.of(adapter.adapter(), adapter.base()),
                  id -> adapters.any(id).isPresent());
      Optional<Boolean> changed = write(claim, found);
      if (changed.orElse(false)) {
        log.atInfo()
            .addKeyValue("engine", name)
            .addKeyValue("status", found.status().wire())
            .addKeyValue("cause", found.error())
            .log("engine_checked");
      }
    }

    private Optional<Boolean> write(WorkClaim claim, EngineSync.EngineHealth found) {
      return Optional.ofNullable(
          transaction.execute(
              status ->
                  work.later(claim, settings.checkEvery()) && record(claim.subject(), found)));
    }

    private boolean record(String name, EngineSync.EngineHealth found) {
      Engine engine = checks.findById(name).orElseGet(() -> new Engine(name));
      boolean changed = engine.checked(found, clock.instant());
      checks.save(engine);
      return changed;
    }
  }

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
     * @param url of vLLM, with {@code /v1}; null = nothing is told, it looks in the directory
     *     itself
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

  /** How adapters reach an engine. */
  enum EngineKind {
    /** It is told to load and unload them. */
    VLLM,
    /** It looks in a directory. */
    DIRECTORY,
    /** It looks in a bucket. */
    S3;

    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What each engine should have at this moment. */
  @Component
  static class ServedAdapters {
    /** One part of a path, wherever it is looked for. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}");

    private final Adapters adapters;
    private final ModelAliases aliases;
    private final Departments departments;

    ServedAdapters(Adapters adapters, ModelAliases aliases, Departments departments) {
      this.adapters = adapters;
      this.aliases = aliases;
      this.departments = departments;
    }

    /** By name. A bucket has no aliases: its objects cannot be replaced as one. */
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

    /** Names of people may hold what a path must not. */
    private static String segment(String name, String id) {
      return PLAIN.matcher(name).matches() ? name : id;
    }

    /** Empty where the engine is not to have its adapters, or it is archived. */
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
