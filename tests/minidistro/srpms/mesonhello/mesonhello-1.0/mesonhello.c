#include <stdio.h>

int main(void)
{
    puts("Hello from Meson");
    return 0;
}
