#!/usr/bin/env python3
"""Measures how long mock reads configurations, each time in a process of its own.

Makes a directory of configurations in the original's format and shape: templates with Jinja and
thousands of bytes of dnf.conf that small files include, aliases, site defaults. Prints a Markdown
table; docs/performance.md quotes one.

usage: tests/bench/configs.py [--mock target/release/mock] [--configs 250] [--rounds 20]
"""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time

TEMPLATE = '''config_opts['root'] = '{family}-{{{{ releasever }}}}-{{{{ target_arch }}}}'

config_opts['description'] = '{family} {{{{ releasever }}}}'
# only releases that are alive are mirrored
config_opts['mirrored'] = config_opts['target_arch'] != 'i686'

config_opts['chroot_setup_cmd'] = 'install @{{% if mirrored %}}buildsys-{{% endif %}}build'

config_opts['dist'] = 'fc{{{{ releasever }}}}'  # only useful for --resultdir variable subst
config_opts['extra_chroot_dirs'] = [ '/run/lock', ]
config_opts['package_manager'] = 'dnf4'
if int(config_opts['releasever']) >= 41: config_opts['package_manager'] = 'dnf5'
config_opts['bootstrap_image'] = 'registry.example.org/{family}:{{{{ releasever }}}}'
config_opts['use_bootstrap'] = False

config_opts['dnf.conf'] = """
[main]
keepcache=1
debuglevel=2
reposdir=/dev/null
logfile=/var/log/yum.log
retries=20
obsoletes=1
gpgcheck=0
assumeyes=1
syslog_ident=mock
syslog_device=
install_weak_deps=0
metadata_expire=0
best=1
protected_packages=
user_agent={{{{ user_agent }}}}

{{%- macro keys() -%}}
file:///usr/share/distribution-gpg-keys/{family}/RPM-GPG-KEY-$releasever-primary
{{%- for version in [releasever|int, releasever|int - 1] %}} file:///usr/share/keys/{{{{ version }}}}{{% endfor %}}
{{%- endmacro %}}

# repos
{repos}
"""
'''

REPO = '''
[{name}]
name={name}
{{% if mirrored %}}
metalink=https://mirrors.example.org/metalink?repo={name}-$releasever&arch=$basearch
{{% else %}}
baseurl=https://dl.example.org/pub/{name}/$releasever/$basearch/os/
{{% endif %}}
gpgkey={{{{ keys() }}}}
gpgcheck=1
enabled={enabled}
skip_if_unavailable=False
'''

ALIAS = '''config_opts["no-config"]["epel-{n}"] = {{}}
config_opts["no-config"]["epel-{n}"]["alternatives"] = {{
    "family0+epel-{n}": {{
        "description": [
            "Builds against the repositories of one, together with "
            "the official EPEL repositories.",
            "Project page: https://example.org/"
        ],
    }},
}}
'''


def make(directory, count):
    """Writes the configurations and gives their names."""
    write = lambda name, text: open(os.path.join(directory, name), 'w').write(text)
    os.mkdir(os.path.join(directory, 'templates'))
    write('site-defaults.cfg', '# mock defaults\n' + "# config_opts['x'] = 'y'\n" * 300)
    write('chroot-aliases.cfg', ''.join(ALIAS.format(n=n) for n in (7, 8, 9, 10)))
    families = [f'family{n}' for n in range(25)]
    for family in families:
        repos = ''.join(REPO.format(name=f'{family}-{part}{kind}', enabled=int(part == 'base'))
                        for part in ('base', 'updates', 'testing', 'extras', 'local')
                        for kind in ('', '-debuginfo', '-source'))
        write(f'templates/{family}.tpl', TEMPLATE.format(family=family, repos=repos))
    names = []
    arches = ['x86_64', 'aarch64', 'ppc64le', 's390x', 'i686']
    for number in range(count):
        family, arch = families[number % 25], arches[number // 25 % 5]
        release = 38 + number // 125
        name = f'{family}-{release}-{arch}'
        write(f'{name}.cfg',
              f"config_opts['releasever'] = '{release}'\nconfig_opts['target_arch'] = '{arch}'\n"
              f"config_opts['legal_host_arches'] = ('{arch}', 'x86_64',)\n\n"
              f"include('templates/{family}.tpl')\n")
        names.append(name)
    return names


def timed(command):
    """Wall and processor time of one process, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * busy


def row(what, samples, limit):
    walls, busy = zip(*samples)
    print(f'| {what} | {statistics.median(walls):.1f} ms | {min(walls):.1f}-{max(walls):.1f} ms | '
          f'{statistics.median(busy):.1f} ms | {limit} |')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--mock', default='target/release/mock')
    parser.add_argument('--configs', type=int, default=250)
    parser.add_argument('--rounds', type=int, default=20)
    options = parser.parse_args()
    mock = os.path.abspath(options.mock)
    with tempfile.TemporaryDirectory(dir='/dev/shm') as directory:
        names = make(directory, options.configs)
        one = lambda name: [mock, '-q', '--configdir', directory, '-r', name, '--print-root-path']
        expanded = one(names[-1])[:-1] + ['--debug-config-expanded']
        print('| what | median | range | processor | limit |\n|---|---|---|---|---|')
        rounds = range(options.rounds)
        row('`mock --version`', [timed([mock, '--version']) for _ in rounds], '')
        row('load and expand one configuration', [timed(one(names[0])) for _ in rounds], '10 ms')
        row('`--debug-config-expanded`', [timed(expanded) for _ in rounds], '')
        every = []
        for _ in range(max(3, options.rounds // 4)):
            samples = [timed(one(name)) for name in names]
            every.append(tuple(sum(column) for column in zip(*samples)))
        row(f'{len(names)} configurations, one after the other, a process for each', every, '1000 ms')
        # As many at a time as there are cores, as a script that uses the machine would have it.
        cores = os.cpu_count()
        list_of_names = os.path.join(directory, 'names')
        with open(list_of_names, 'w') as file:
            file.write('\n'.join(names) + '\n')
        line = ['xargs', '-a', list_of_names, '-P', str(cores), '-I', '{}', *one('{}')]
        together = [timed(line) for _ in range(max(3, options.rounds // 4))]
        row(f'{len(names)} configurations, {cores} processes at a time', together, '1000 ms')
        listing = [mock, '--configdir', directory, '--list-chroots']
        row(f'`--list-chroots` of {len(names)}', [timed(listing) for _ in rounds], '300 ms')
    print('\nload:', ' '.join(f'{load:.1f}' for load in os.getloadavg()))


if __name__ == '__main__':
    main()
