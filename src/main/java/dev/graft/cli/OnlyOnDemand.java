package dev.graft.cli;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.LifecycleProcessor;
import org.springframework.context.event.ApplicationEventMulticaster;
import org.springframework.context.event.SimpleApplicationEventMulticaster;
import org.springframework.context.support.AbstractApplicationContext;
import org.springframework.core.ResolvableType;
import org.springframework.scheduling.config.TaskManagementConfigUtils;

/** What a server does by itself, kept from a context that one short command asks. */
final class OnlyOnDemand {
  private OnlyOnDemand() {}

  /**
   * Background work begins at {@link ApplicationReadyEvent}, or in threads that the context starts
   * ({@code LoopThreads}, which Spring makes although everything is lazy): here nobody hears the
   * one, and the others are not started.
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
