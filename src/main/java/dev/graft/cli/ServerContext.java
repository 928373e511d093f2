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
 * A server's services in this process, with its PostgreSQL. Short commands get them with the
 * configuration of {@code serve} but without web server, schedules and background work, so that
 * they can run beside a server; the demo gets a complete server. The context is always closed
 * before PostgreSQL.
 */
final class ServerContext implements AutoCloseable {
  /** Silences logging: {@code FailureReport} prints errors once. */
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

  /** Wraps the running server of this process; closing the result does not stop the server. */
  static ServerContext of(ConfigurableApplicationContext running) {
    return new ServerContext(running, () -> {});
  }

  /** Runs a command for which {@link #open} returns this server's services. */
  static <T> T inside(ServerContext server, Supplier<T> command) {
    return ScopedValue.where(AROUND, server).call(command::get);
  }

  /** Opens the services for one short command. */
  static ServerContext open(ServerOptions options) {
    if (AROUND.isBound()) return AROUND.get();
    List<String> arguments = new ArrayList<>(options.arguments());
    arguments.addAll(QUIET);
    return start(
        DatabaseInitializer.forCommand(),
        new SpringApplicationBuilder(GraftApplication.class)
            .profiles("server")
            .web(WebApplicationType.NONE)
            // Only the beans that the command uses are created, so it starts fast.
            .lazyInitialization(true)
            .initializers(OnlyOnDemand::prepare),
        arguments);
  }

  /**
   * Starts a server and worker on loopback for the demo. They log to a file, because the demo
   * prints to the terminal.
   */
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

  /** Returns the server's URL on this machine, without a path. */
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

  /** Keeps the context of a short command from starting a server's background work. */
  static final class OnlyOnDemand {
    private OnlyOnDemand() {}

    /**
     * Suppresses {@link ApplicationReadyEvent}, at which background work begins, and the start of
     * lifecycle beans ({@code LoopThreads}, which Spring creates even with lazy initialization).
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

    /** Removes scheduling: Spring creates scheduled beans even with lazy initialization. */
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
