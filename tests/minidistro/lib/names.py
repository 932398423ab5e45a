"""names.txt: Fedora's names and dependencies for Debian's packages."""


class Entry:
    def __init__(self, debian):
        self.rpm = debian
        self.dropped = False
        self.provides, self.requires, self.without = [], [], []


def read(path):
    entries = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            entry = entries[words[0]] = Entry(words[0])
            if words[1] == "!":
                entry.dropped = True
            elif words[1] != "=":
                entry.rpm = words[1]
            lists = {"+": entry.provides, ">": entry.requires, "-": entry.without}
            for word in words[2:]:
                lists[word[0]].append(word[1:])
    return entries
