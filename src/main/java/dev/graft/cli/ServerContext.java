package dev.graft.cli;

import dev.graft.GraftApplication;
import dev.graft.platform.database.DatabaseInitializer;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.LifecycleProcessor;
import org.springframework.context.event.ApplicationEventMulticaster;
import org.springframework.context.event.SimpleApplicationEventMulticaster;
import org.springframework.context.support.AbstractApplicationContext;
import org.springframework.core.ResolvableType;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.scheduling.config.TaskManagementConfigUtils;

/**
 * A server's services inside this process, and its PostgreSQL: with the configuration of {@code
 * serve} for one short command (no web server, no schedules, no validation of waiting files; works
 * beside a running server), or whole for the demo. However the process ends, the context closes
 * first, then PostgreSQL.
 */
final class ServerContext implements AutoCloseable {
  /** What goes wrong is told once, by {@code FailureReport}. */
  static final List<String> QUIET =
      List.of(
          "--logging.level.root=error",
          "--logging.level.dev.graft=error",
          "--logging.level.org.springframework.boot=off",
          "--spring.main.log-startup-info=false");

  private static final ScopedValue<ServerContext> AROUND = ScopedValue.newInstance();

  private final ConfigurableApplicationContext context;
  private final Runnable end;

  private ServerContext(ConfigurableApplicationContext context, Runnable end) {
    this.context = context;
    this.end = end;
  }

  /** Of the server that this process is: it goes on when a command has ended. */
  static ServerContext of(ConfigurableApplicationContext running) {
    return new ServerContext(running, () -> {});
  }

  /** A command that opens a server's services finds these. */
  static <T> T inside(ServerContext server, Supplier<T> command) {
    return ScopedValue.where(AROUND, server).call(command::get);
  }

  /** For one short command. */
  static ServerContext open(ServerOptions options) {
    if (AROUND.isBound()) return AROUND.get();
    List<String> arguments = new ArrayList<>(options.arguments());
    arguments.addAll(QUIET);
    return start(
        DatabaseInitializer.forCommand(),
        new SpringApplicationBuilder(GraftApplication.class)
            .profiles("server")
            .web(WebApplicationType.NONE)
            // Only what the command asks for is made: nothing is scheduled, and it starts fast.
            .lazyInitialization(true)
            .initializers(OnlyOnDemand::prepare),
        arguments);
  }

  /** Server and worker on loopback. The log goes to a file: the terminal is the demo's own. */
  static ServerContext ofDemo(Path dataDir, int port) {
    return start(
        DatabaseInitializer.forServer(),
        new SpringApplicationBuilder(GraftApplication.class).profiles("server", "worker"),
        List.of(
            "--server.address=127.0.0.1",
            "--server.port=" + port,
            "--graft.data-dir=" + dataDir,
            "--graft.worker.report-every=500ms",
            "--logging.file.name=" + dataDir.resolve("graft.log"),
            "--logging.threshold.console=OFF"));
  }

  private static ServerContext start(
      DatabaseInitializer database, SpringApplicationBuilder application, List<String> arguments) {
    try {
      ConfigurableApplicationContext context =
          application.initializers(database).run(arguments.toArray(String[]::new));
      return new ServerContext(
          context,
          () -> {
            context.close();
            database.close();
          });
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  <T> T get(Class<T> service) {
    return context.getBean(service);
  }

  <T> Collection<T> all(Class<T> type) {
    return context.getBeansOfType(type).values();
  }

  /** Where it answers on this machine, without a path. */
  URI url() {
    ConfigurableEnvironment settings = context.getEnvironment();
    String address = settings.getProperty("server.address", "127.0.0.1");
    return URI.create(
        (Ssl.isEnabled(context.getBean(ServerProperties.class).getSsl()) ? "https" : "http")
            + "://"
            + (address.equals("0.0.0.0") ? "127.0.0.1" : address)
            + ":"
            + settings.getProperty("local.server.port"));
  }

  @Override
  public void close() {
    end.run();
  }

  /** What a server does by itself, kept from a context that one short command asks. */
  static final class OnlyOnDemand {
    private OnlyOnDemand() {}

    /**
     * Background work begins at {@link ApplicationReadyEvent}, or in threads that the context
     * starts ({@code LoopThreads}, which Spring makes although everything is lazy): here nobody
     * hears the one, and the others are not started.
     */
    static void prepare(ConfigurableApplicationContext context) {
      ApplicationEventMulticaster deaf =
          new SimpleApplicationEventMulticaster(context.getBeanFactory()) {
            @Override
            public void multicastEvent(ApplicationEvent event, @Nullable ResolvableType type) {
              if (!(event instanceof ApplicationReadyEvent)) {
                super.multicastEvent(event, type);
              }
            }
          };
      ConfigurableListableBeanFactory beans = context.getBeanFactory();
      beans.registerSingleton(
          AbstractApplicationContext.APPLICATION_EVENT_MULTICASTER_BEAN_NAME, deaf);
      beans.registerSingleton(
          AbstractApplicationContext.LIFECYCLE_PROCESSOR_BEAN_NAME, new NothingStarts());
      context.addBeanFactoryPostProcessor(OnlyOnDemand::removeSchedules);
    }

    /** Spring Boot makes beans that have schedules although everything is lazy. */
    private static void removeSchedules(ConfigurableListableBeanFactory beans) {
      ((BeanDefinitionRegistry) beans)
          .removeBeanDefinition(TaskManagementConfigUtils.SCHEDULED_ANNOTATION_PROCESSOR_BEAN_NAME);
    }

    private static final class NothingStarts implements LifecycleProcessor {
      @Override
      public void onRefresh() {}

      @Override
      public void onClose() {}

      @Override
      public void start() {}

      @Override
      public void stop() {}

      @Override
      public boolean isRunning() {
        return false;
      }
    }
  }
}
