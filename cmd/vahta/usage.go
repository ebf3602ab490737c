package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// group marks commands that only hold others.
const group = "group"

// dress makes the whole tree of commands speak one language, and refuse what it does not know with what to write instead.
func dress(root *cobra.Command, language string) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetUsageFunc(func(c *cobra.Command) error { return usage(c.OutOrStderr(), c, language) })
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf(say(language, "%s; `%s --help` shows the flags", "%s; флаги покажет `%s --help`"), spoken(err, language), c.CommandPath())
	})
	each(root, func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		c.InitDefaultVersionFlag()
		if language == "ru" {
			inRussian(c)
		}
		switch {
		case !c.Runnable() && c.HasSubCommands():
			c.Annotations = map[string]string{group: "yes"}
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(c *cobra.Command, args []string) error {
				if len(args) == 0 {
					return c.Help()
				}
				return noCommand(c, args[0], language)
			}
		case c.Args != nil:
			check := c.Args
			c.Args = func(c *cobra.Command, args []string) error {
				if err := check(c, args); err != nil {
					return fmt.Errorf(say(language, "%s; write: %s", "%s; пишут так: %s"), spoken(err, language), strings.TrimSuffix(c.UseLine(), " [flags]"))
				}
				return nil
			}
		}
	})
}

func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		each(sub, do)
	}
}

// noCommand says which commands there are.
func noCommand(c *cobra.Command, name, language string) error {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return fmt.Errorf(say(language, "%s has no command %q; did you mean %s? There are: %s", "у %s нет команды %q; может быть, %s? Есть: %s"),
			c.CommandPath(), name, strings.Join(near, ", "), strings.Join(names, ", "))
	}
	return fmt.Errorf(say(language, "%s has no command %q; there are: %s", "у %s нет команды %q; есть: %s"), c.CommandPath(), name, strings.Join(names, ", "))
}

// inRussian says what the library brings along in English.
func inRussian(c *cobra.Command) {
	for flag, text := range map[string]string{"help": "справка", "version": "версия", "no-descriptions": "без пояснений"} {
		if f := c.Flags().Lookup(flag); f != nil {
			f.Usage = text
		}
	}
	switch {
	case c.Name() == "help":
		c.Short, c.Long = "справка о команде", "Справка о любой команде: vahta help команда."
	case c.Name() == "completion":
		c.Short, c.Long = "дополнение команд для оболочки", "Скрипт, с которым оболочка дополняет команды, флаги и номера."
	case c.HasParent() && c.Parent().Name() == "completion":
		c.Short = "для оболочки " + c.Name()
		c.Long = "Скрипт дополнения для " + c.Name() + ". Подключить в этом сеансе:\n\n  source <(vahta completion " + c.Name() + ")"
	}
}

// usage writes how a command is used.
func usage(out io.Writer, c *cobra.Command, language string) error {
	var b strings.Builder
	head := func(en, ru string) { b.WriteString("\n" + say(language, en, ru) + ":\n") }
	head("Usage", "Как писать")
	if c.Runnable() && c.Annotations[group] == "" {
		fmt.Fprintf(&b, "  %s\n", strings.Replace(c.UseLine(), "[flags]", say(language, "[flags]", "[флаги]"), 1))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s %s\n", c.CommandPath(), say(language, "[command]", "команда"))
	}
	if c.HasExample() {
		head("Examples", "Примеры")
		b.WriteString(c.Example + "\n")
	}
	if c.HasAvailableSubCommands() {
		head("Available Commands", "Команды")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if c.HasAvailableLocalFlags() {
		head("Flags", "Флаги")
		b.WriteString(flagLines(c.LocalFlags().FlagUsagesWrapped(0), language))
	}
	if c.HasAvailableInheritedFlags() {
		head("Global Flags", "Общие флаги")
		b.WriteString(flagLines(c.InheritedFlags().FlagUsagesWrapped(0), language))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, say(language, "\nUse \"%s [command] --help\" for more information about a command.\n", "\nПодробно о команде: %s команда --help\n"), c.CommandPath())
	}
	_, err := io.WriteString(out, strings.TrimPrefix(b.String(), "\n"))
	return err
}

// flagLines says the kinds of values and defaults in the language.
func flagLines(text, language string) string {
	if language != "ru" {
		return text
	}
	words := strings.NewReplacer(" (default ", " (по умолчанию ")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		body := strings.TrimLeft(line, " ")
		name, rest, ok := strings.Cut(body, "   ")
		if !ok {
			continue
		}
		for kind, ru := range map[string]string{" stringArray": " текст…", " strings": " список", " string": " текст", " duration": " время", " int": " число", " float": " число"} {
			if flag, is := strings.CutSuffix(name, kind); is {
				name = flag + ru + strings.Repeat(" ", max(0, utf8.RuneCountInString(kind)-utf8.RuneCountInString(ru)))
				break
			}
		}
		lines[i] = line[:len(line)-len(body)] + name + "   " + words.Replace(rest)
	}
	return strings.Join(lines, "\n")
}
