package dev.graft.inference;

import dev.graft.adapters.ModelAliases.AliasMoved;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.S3Properties;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkKind;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** The engines of the settings, each made when it is first asked for. */
@Component
@EnableConfigurationProperties(EnginesProperties.class)
class Engines implements DisposableBean {
  private final Map<String, EnginesProperties.Server> servers;
  private final GraftProperties graft;
  private final S3Properties bucket;
  private final ArtifactStore store;
  private final LeasedWork work;
  private final Clock clock;
  private final Map<String, EngineSync> made = new ConcurrentHashMap<>();
  private final Map<String, EngineHttp> connections = new ConcurrentHashMap<>();

  Engines(
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
      return new ResolverBucket(there, EnginesProperties.scratch(graft), store);
    }
    Path seenAs = server.seenAs();
    return new ResolverDirectory(directory, seenAs == null ? directory : seenAs, store);
  }

  private @Nullable VllmAdapters vllm(String name, EnginesProperties.Server server) {
    URI url = server.url();
    if (url == null) return null;
    return new VllmAdapters(
        connections.computeIfAbsent(name, absent -> new EngineHttp(url, server.apiKey())));
  }

  @Override
  public void destroy() {
    made.values().forEach(EngineSync::close);
    connections.values().forEach(EngineHttp::close);
  }
}
