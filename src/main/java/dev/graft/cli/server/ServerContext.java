package dev.graft.cli.server;

import dev.graft.GraftApplication;
import dev.graft.platform.database.DatabaseInitializer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ApplicationEventMulticaster;
import org.springframework.context.event.SimpleApplicationEventMulticaster;
import org.springframework.context.support.AbstractApplicationContext;
import org.springframework.core.ResolvableType;

/**
 * A server's services for one short command, with the configuration of {@code serve}: no web
 * server, no schedules, no validation of waiting files. Works beside a running server.
 */
final class ServerContext implements AutoCloseable {
  /** What goes wrong is told once, by {@code FailureReport}. */
  private static final List<String> QUIET =
      List.of(
          "--logging.level.root=error",
          "--logging.level.dev.graft=error",
          "--logging.level.org.springframework.boot=off",
          "--spring.main.log-startup-info=false");

  private final ConfigurableApplicationContext context;
  private final DatabaseInitializer database;

  private ServerContext(ConfigurableApplicationContext context, DatabaseInitializer database) {
    this.context = context;
    this.database = database;
  }

  static ServerContext open(ServerOptions options) {
    DatabaseInitializer database = DatabaseInitializer.forCommand();
    List<String> arguments = new ArrayList<>(options.arguments());
    arguments.addAll(QUIET);
    try {
      ConfigurableApplicationContext context =
          new SpringApplicationBuilder(GraftApplication.class)
              .profiles("server")
              .web(WebApplicationType.NONE)
              // Only what the command asks for is made: nothing is scheduled, and it starts fast.
              .lazyInitialization(true)
              .initializers(ServerContext::workOnlyOnDemand, database)
              .run(arguments.toArray(String[]::new));
      return new ServerContext(context, database);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  <T> T get(Class<T> service) {
    return context.getBean(service);
  }

  @Override
  public void close() {
    context.close();
    database.close();
  }

  /** Background work begins at {@link ApplicationReadyEvent}: here nobody hears it. */
  private static void workOnlyOnDemand(ConfigurableApplicationContext context) {
    ApplicationEventMulticaster deaf =
        new SimpleApplicationEventMulticaster(context.getBeanFactory()) {
          @Override
          public void multicastEvent(ApplicationEvent event, @Nullable ResolvableType type) {
            if (!(event instanceof ApplicationReadyEvent)) {
              super.multicastEvent(event, type);
            }
          }
        };
    context
        .getBeanFactory()
        .registerSingleton(
            AbstractApplicationContext.APPLICATION_EVENT_MULTICASTER_BEAN_NAME, deaf);
  }
}
